import { match } from 'node:assert';

import { NODE } from '../../harness/stage.mts';
import type { Theme } from '../browser.mts';
import { ACTION, drawn, openBoth } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

/** The trigger and the action on the canvas. */
export const canvas: Record<string, Scene> = {
	'The canvas, light': async (tour) => await looksRight(tour, 'light', /testivora\.svg$/),
	'The canvas, dark': async (tour) => await looksRight(tour, 'dark', /testivora\.dark\.svg$/),
};

async function looksRight(tour: Tour, theme: Theme, icon: RegExp): Promise<void> {
	const { editor } = tour;
	await editor.theme(theme);
	await openBoth(tour, { events: ['testimonial.created', 'testimonial.approved'] });
	for (const [name, subtitle] of [
		[NODE, 'created, approved'],
		[ACTION, 'get many: testimonial'],
	]) {
		const node = editor.node(name);
		match(await drawn(node.locator('img').first(), `the icon of ${name}`), icon);
		await node.getByText(name, { exact: true }).waitFor();
		await node.getByText(subtitle, { exact: true }).waitFor();
	}
	await editor.shot(`canvas-${theme}`);
}
