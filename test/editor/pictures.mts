/**
 * `npm run pictures [-- name…]`: takes pictures of the examples on the canvas of a real n8n, of those that have one already or of the
 * named ones.
 * Needs Chromium, as Debian's package `chromium` installs it. pngquant, where it is installed, makes the files smaller.
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

import { namesIn } from '../docs/readme.mts';
import { ensureN8n } from '../harness/n8n/host.mts';
import { endProgress, showProgress } from '../harness/n8n/progress.mts';
import { EXAMPLES } from '../e2e/publication/examples/index.mts';
import { chosen } from '../e2e/publication/examples/play.mts';
import { setStage } from '../harness/stage.mts';
import { Editor, findChromium } from './browser.mts';

const FOLDER = 'docs/pictures/examples';
const MARGIN = 32;

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
	// Wide enough to show every example in full size.
	await editor.page.setViewportSize({ width: 2200, height: 1200 });
	const asked = process.argv.slice(2);
	const wanted = asked.length > 0 ? asked : namesIn(FOLDER, '.png');
	for (const [name, { choices }] of Object.entries(EXAMPLES)) {
		if (!wanted.includes(name)) continue;
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

/** The part of the page that holds every node with its name, which stands below the node and may be wider than it. */
async function whereTheNodesAre({
	page,
}: Editor): Promise<{ x: number; y: number; width: number; height: number }> {
	const boxes = await page.getByTestId('canvas-node').evaluateAll((nodes: any[]) =>
		nodes.flatMap((node) => {
			const texts = [...node.querySelectorAll('*')].filter(
				(part) =>
					// The buttons above and beside a node show only under the mouse.
					!part.closest('button, [data-test-id="canvas-node-toolbar"]') &&
					[...part.childNodes].some(
						(child) => child.nodeType === 3 /* text */ && child.data.trim() !== '',
					),
			);
			return [node, ...texts].map((part) => {
				const { left, top, right, bottom } = part.getBoundingClientRect();
				return { left, top, right, bottom };
			});
		}),
	);
	const x = Math.min(...boxes.map(({ left }) => left)) - MARGIN;
	const y = Math.min(...boxes.map(({ top }) => top)) - MARGIN;
	const right = Math.max(...boxes.map((box) => box.right)) + MARGIN;
	const bottom = Math.max(...boxes.map((box) => box.bottom)) + MARGIN;
	return { x, y, width: right - x, height: bottom - y };
}
