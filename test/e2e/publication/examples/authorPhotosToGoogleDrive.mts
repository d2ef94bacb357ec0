import { goLive } from '../../../harness/stage.mts';
import { googleCredential, outcome } from './play.mts';
import type { Example } from './play.mts';

export const authorPhotosToGoogleDrive: Example = {
	choices: {
		'Save the Photo': {
			credential: googleCredential('googleDriveOAuth2Api'),
		},
	},
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(() => ({ id: 'file1', name: 'Ana López' }));
		await goLive(play, workflowId, 'Approved');
		sandbox.approve(sandbox.submit({ text: 'No photo.', author: { name: 'Tom' } }).id);
		await outcome(play, workflowId, 1);
		expect(outside.requests).toEqual([]);

		sandbox.approve(
			sandbox.submit({
				text: 'A photo.',
				author: { name: 'Ana López', photo_url: 'https://photos.example.com/ana.jpg' },
			}).id,
		);
		await outcome(play, workflowId, 2);
		const [photo, ...drive] = outside.requests;
		expect(photo).toMatchObject({ host: 'photos.example.com', method: 'GET', path: '/ana.jpg' });
		expect(drive.every(({ host }) => host === 'www.googleapis.com')).toBe(true);
		expect(drive[0]).toMatchObject({ method: 'POST', path: '/upload/drive/v3/files' });
		expect(JSON.stringify(drive.map(({ body }) => body))).toContain('Ana López');
	},
};
