import { versionsInCi, versionsInFolders, versionsInReadme } from './versions.mts';

test('the README’s table has the versions of n8n in tools/n8n, with their Node.js, newest first', () => {
	expect(versionsInReadme()).toEqual(versionsInFolders());
});

test('CI runs each of these versions', () => {
	expect(versionsInCi()).toEqual(versionsInFolders().map(({ n8n }) => n8n));
});
