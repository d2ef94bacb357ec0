/**
 * `npm run pictures [-- name…]`: takes the README's pictures of the examples, as they look on the canvas of a real n8n.
 * Needs Chromium, as Debian's package `chromium` installs it; pngquant makes the pictures smaller where it is installed.
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

import { ensureN8n } from '../harness/n8n/host.mts';
import { endProgress, showProgress } from '../harness/n8n/progress.mts';
import { EXAMPLES } from '../e2e/publication/examples/index.mts';
import { chosen } from '../e2e/publication/examples/play.mts';
import { setStage } from '../harness/stage.mts';
import { Editor, findChromium } from './browser.mts';

const FOLDER = 'docs/pictures/examples';
const MARGIN = 32;
/** The name of a node stands below it, outside of its box. */
const NAME = 48;

findChromium();
await ensureN8n(showProgress()).finally(endProgress);
const stage = await setStage({ engine: 'publication' });
try {
	const editor = await Editor.open(stage.n8n.baseUrl, FOLDER);
	try {
		await takeAll(editor);
	} finally {
		await editor.close();
	}
} finally {
	await stage.dispose();
}

async function takeAll(editor: Editor): Promise<void> {
	// Wide enough for every example to stand there in full size.
	await editor.page.setViewportSize({ width: 2200, height: 1200 });
	const wanted = process.argv.slice(2);
	for (const [name, { choices }] of Object.entries(EXAMPLES)) {
		if (wanted.length > 0 && !wanted.includes(name)) continue;
		await editor.openWorkflow(await stage.n8n.createWorkflow(await chosen(stage, name, choices)));
		await editor.page.getByTestId('zoom-to-fit').click();
		await editor.page.mouse.move(0, 0);
		await editor.page.waitForTimeout(1000);
		const path = `${FOLDER}/${name}.png`;
		await editor.page.screenshot({
			path,
			clip: await whereTheNodesAre(editor),
			animations: 'disabled',
		});
		try {
			execFileSync('pngquant', ['--force', '--ext=.png', '--strip', '--speed=1', '32', path]);
		} catch {
			console.log('pngquant is not installed: the picture stays as large as it is');
		}
		console.log(`${path}, ${Math.ceil(statSync(path).size / 1024)} KB`);
	}
}

async function whereTheNodesAre({
	page,
}: Editor): Promise<{ x: number; y: number; width: number; height: number }> {
	const boxes = await page.locator('[data-test-id="canvas-node"]').evaluateAll((nodes) =>
		nodes.map((node) => {
			const { left, top, right, bottom } = node.getBoundingClientRect();
			return { left, top, right, bottom };
		}),
	);
	const x = Math.min(...boxes.map(({ left }) => left)) - MARGIN;
	const y = Math.min(...boxes.map(({ top }) => top)) - MARGIN;
	const right = Math.max(...boxes.map((box) => box.right)) + MARGIN;
	const bottom = Math.max(...boxes.map((box) => box.bottom)) + NAME + MARGIN;
	return { x, y, width: right - x, height: bottom - y };
}
