/**
 * `npm run test:editor`: drives the editor of a real n8n as a user does, asserts the texts that users read, and leaves pictures in
 * .run/editor/. Ends with exit code 1 when a scene fails, and prints its name and a picture of the page at that moment.
 *
 * `--pictures` also retakes the README's pictures. Words choose the scenes whose name holds one of them: `npm run test:editor -- locator`.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import type { Locator } from 'playwright-core';

import { run } from '../harness/command.mts';
import { ensureN8n } from '../harness/n8n/host.mts';
import { endProgress, showProgress } from '../harness/n8n/progress.mts';
import { setStage } from '../harness/stage.mts';
import { Editor, findChromium, WINDOW } from './browser.mts';
import { canvas } from './scenes/canvas.mts';
import { credential } from './scenes/credential.mts';
import { execution } from './scenes/execution.mts';
import { locators } from './scenes/locators.mts';
import { nodePanel } from './scenes/nodePanel.mts';
import { operations } from './scenes/operations.mts';
import { pollTrigger } from './scenes/pollTrigger.mts';
import { trigger } from './scenes/trigger.mts';
import { alert } from './scenes/walks/alert.mts';
import { appearance } from './scenes/walks/appearance.mts';
import { comparison } from './scenes/walks/comparison.mts';
import { duplicate } from './scenes/walks/duplicate.mts';
import { importing } from './scenes/walks/import.mts';
import { keyboard } from './scenes/walks/keyboard.mts';
import { manualSetup } from './scenes/walks/manualSetup.mts';
import { moderation } from './scenes/walks/moderation.mts';
import type { Scene } from './tour.mts';

const SCENES: Record<string, Scene> = {
	...nodePanel,
	...canvas,
	...trigger,
	...pollTrigger,
	...credential,
	...operations,
	...locators,
	...execution,
	...alert,
	...importing,
	...moderation,
	...duplicate,
	...comparison,
	...manualSetup,
	...keyboard,
	...appearance,
};
const FOLDER = resolve('.run/editor');
const FOR_README = resolve('docs/pictures');

const { positionals, values } = parseArgs({
	allowPositionals: true,
	options: { pictures: { type: 'boolean', default: false } },
});
const chosen = Object.entries(SCENES).filter(
	([name]) =>
		positionals.length === 0 ||
		positionals.some((word) => name.toLowerCase().includes(word.toLowerCase())),
);

await rm(FOLDER, { recursive: true, force: true });
findChromium();
await ensureN8n(showProgress()).finally(endProgress);
const stage = await setStage({ engine: 'publication', whole: true });
let failed = 0;
try {
	const editor = await Editor.open(stage.n8n.baseUrl, FOLDER);
	try {
		for (const [name, scene] of chosen) failed += (await play(editor, name, scene)) ? 0 : 1;
	} finally {
		await editor.close();
	}
} finally {
	await stage.dispose();
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;

/** Plays one scene, in n8n's light theme and a window of the usual size. @returns whether it passed */
async function play(editor: Editor, name: string, scene: Scene): Promise<boolean> {
	const since = Date.now();
	stage.sandbox.clearFaults();
	try {
		await editor.theme('light');
		await editor.page.setViewportSize(WINDOW);
		await scene({
			stage,
			editor,
			forReadme: async (file, part) => await forReadme(editor, file, part),
		});
		console.log(`✓ ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
		return true;
	} catch (error) {
		console.log(
			`✗ ${name}\n  ${stripVTControlCharacters((error as Error).message).replaceAll('\n', '\n  ')}`,
		);
		console.log(`  ${await editor.shot(`failed: ${name}`.replace(/\W+/g, '-'))}`);
		return false;
	}
}

/** Takes a picture for the README, and reduces its colours where pngquant is installed. */
async function forReadme(editor: Editor, name: string, part: Locator): Promise<void> {
	if (!values.pictures) return;
	// The address of the n8n under test would mislead readers.
	await editor.page.evaluate(() => {
		const page = (globalThis as any).document;
		const texts = page.createTreeWalker(page.body, 4 /* text */);
		while (texts.nextNode())
			texts.currentNode.data = texts.currentNode.data.replace(
				/http:\/\/(127\.0\.0\.1|localhost):\d+/g,
				'https://n8n.example.com',
			);
	});
	// n8n's notifications would cover the part.
	await editor.page.addStyleTag({ content: '.el-notification { visibility: hidden }' });
	const picture = await editor.shot(`readme-${name}`, part);
	await run('pngquant', ['--force', '--ext', '.png', '--speed', '1', '64', picture]).catch(
		() => undefined,
	);
	await mkdir(FOR_README, { recursive: true });
	await copyFile(picture, resolve(FOR_README, `${name}.png`));
}
