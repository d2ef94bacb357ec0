import { versionsInCi, versionsInFolders, versionsInReadme } from './versions.mts';

test('the README tells the versions of n8n that have a folder in tools/n8n, with their Node.js, newest first', () => {
	expect(versionsInReadme()).toEqual(versionsInFolders());
});

test('CI runs each of them', () => {
	expect(versionsInCi()).toEqual(versionsInFolders().map(({ n8n }) => n8n));
});
