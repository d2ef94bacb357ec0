import { deepStrictEqual } from 'node:assert';
import type { Locator } from 'playwright-core';

import { chain } from '../harness/n8n/client.mts';
import type { WorkflowNode } from '../harness/n8n/client.mts';
import { eventually } from '../harness/wait.mts';
import { POLL_NODE, pollNode } from '../harness/polling.mts';
import { actionNode, triggerNode } from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';
import type { Editor } from './browser.mts';

/** What a scene plays on: n8n and Testivora, and the editor before it. */
export interface Tour {
	stage: Stage;
	editor: Editor;
	/** Takes a picture of a part of the page for the README, where `--pictures` asks for that. @param name of the file, without its ending */
	forReadme(name: string, part: Locator): Promise<void>;
}

/** One thing that a user looks at. It throws where something is not as it should be. */
export type Scene = (tour: Tour) => Promise<void>;

/** The name of the action in the workflows of the tour. */
export const ACTION = 'Testivora';

/** Opens a workflow with the trigger alone. @returns the workflow's id */
export async function openTrigger(
	tour: Tour,
	parameters: Record<string, unknown> = {},
): Promise<string> {
	return await open(tour, 'New testimonials', [triggerNode(tour.stage.credential, parameters)]);
}

/** Opens a workflow with the Poll Trigger alone, and the node in it. @returns the workflow's id */
export async function openPollTrigger(
	tour: Tour,
	parameters: Record<string, unknown> = {},
): Promise<string> {
	const everyMinute = { pollTimes: { item: [{ mode: 'everyMinute' }] } };
	const id = await open(tour, 'Testimonials, asked for', [
		pollNode(tour.stage.credential, { ...everyMinute, ...parameters }),
	]);
	await tour.editor.openNode(POLL_NODE);
	return id;
}

/** Opens a workflow in which a click runs the action, and the action in it. */
export async function openAction(
	tour: Tour,
	parameters: Record<string, unknown> = {},
	credential = tour.stage.credential,
): Promise<void> {
	const start = { name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 };
	await open(tour, 'Testimonials', [start, actionNode(credential, parameters, ACTION)]);
	await tour.editor.openNode(ACTION);
}

/** Opens a workflow in which the action follows the trigger. */
export async function openBoth(tour: Tour, parameters: Record<string, unknown>): Promise<void> {
	const { credential } = tour.stage;
	await open(tour, 'New testimonials', [
		triggerNode(credential, parameters),
		actionNode(credential, {}, ACTION),
	]);
}

async function open({ stage, editor }: Tour, name: string, nodes: WorkflowNode[]): Promise<string> {
	const id = await stage.n8n.createWorkflow({
		name,
		nodes,
		connections: chain(...nodes.map((node) => node.name)),
	});
	await editor.openWorkflow(id);
	return id;
}

/** Waits until what is visible of `parts` reads `expected`, part by part: the first line of each. */
export async function reads(parts: Locator, expected: string[], what: string): Promise<void> {
	await settles(
		async () =>
			(await parts.filter({ visible: true }).allInnerTexts()).map(
				(text) => text.trim().split('\n')[0],
			),
		expected,
		what,
	);
}

/** Waits until `part` reads `expected`, whole, with single spaces between its words. */
export async function says(part: Locator, expected: string, what: string): Promise<void> {
	await settles(async () => (await part.innerText()).replace(/\s+/g, ' ').trim(), expected, what);
}

/** Waits until what is read is as expected. */
export async function settles<T>(read: () => Promise<T>, expected: T, what: string): Promise<void> {
	const matches = async () => {
		deepStrictEqual(await read(), expected);
		return true;
	};
	await eventually(matches, { timeout: 20_000, every: 100, what });
}

/** Waits until a picture is drawn, and gives where it is from. */
export async function drawn(image: Locator, what: string): Promise<string> {
	return await eventually(
		async () => {
			const { src, width } = await image.evaluate((node) => ({
				src: (node as any).src,
				width: (node as any).naturalWidth,
			}));
			return width > 0 && String(src);
		},
		{ timeout: 20_000, what },
	);
}

/** The labels of the fields of the node that is open, in order, those inside collections too. */
export const labels = ({ editor }: Tour): Locator =>
	editor.page.getByTestId('node-parameters').getByTestId('input-label');

/** A field of the node that is open. */
export const field = ({ editor }: Tour, name: string): Locator =>
	editor.page.getByTestId(`parameter-input-${name}`);

/** Opens the list of a field, and reads it. */
export async function offers(tour: Tour, name: string, expected: string[]): Promise<void> {
	await field(tour, name).click();
	await reads(tour.editor.page.getByRole('option'), expected, `what ${name} offers`);
}

/** Chooses from the list of a field that is open. */
export async function choose({ editor: { page } }: Tour, option: string): Promise<void> {
	await page
		.getByRole('option')
		.filter({ visible: true })
		.getByText(option, { exact: true })
		.click();
}

/** Adds each optional field of the last collection that has some left. n8n offers them in a list, and one alone on a button. */
export async function addAll({ editor: { page } }: Tour, expected: string[]): Promise<void> {
	const add = page.getByTestId('collection-parameter-add').last();
	const options = page.getByTestId('collection-parameter-option');
	for (const [index, label] of expected.entries()) {
		await add.click();
		if (expected.length === 1) return;
		await reads(options, expected.slice(index), 'the optional fields');
		await options.filter({ visible: true }).getByText(label, { exact: true }).click();
	}
}
