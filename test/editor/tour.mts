import { deepStrictEqual } from 'node:assert';
import type { Locator } from 'playwright-core';

import { chain } from '../harness/n8n/client.mts';
import type { WorkflowNode } from '../harness/n8n/client.mts';
import { eventually } from '../harness/wait.mts';
import { POLL_NODE, pollNode } from '../harness/polling.mts';
import { actionNode, triggerNode } from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';
import type { Editor } from './browser.mts';

/** What a scene works with: n8n, the local Testivora, and the editor in the browser. */
export interface Tour {
	stage: Stage;
	editor: Editor;
	/** Takes a picture of a part of the page for the README if `--pictures` was given. @param name of the file, without its extension */
	forReadme(name: string, part: Locator): Promise<void>;
}

/** One thing that a user does or looks at. Throws when an expectation is not met. */
export type Scene = (tour: Tour) => Promise<void>;

/** The name of the action node in the workflows of the tour. */
export const ACTION = 'Testivora';

/** Opens a workflow that has only the trigger. @returns the workflow's ID */
export async function openTrigger(
	tour: Tour,
	parameters: Record<string, unknown> = {},
): Promise<string> {
	return await open(tour, 'New testimonials', [triggerNode(tour.stage.credential, parameters)]);
}

/** Opens a workflow that has only the Poll Trigger, and then that node. @returns the workflow's ID */
export async function openPollTrigger(
	tour: Tour,
	parameters: Record<string, unknown> = {},
): Promise<string> {
	const everyMinute = { pollTimes: { item: [{ mode: 'everyMinute' }] } };
	const id = await open(tour, 'Polled testimonials', [
		pollNode(tour.stage.credential, { ...everyMinute, ...parameters }),
	]);
	await tour.editor.openNode(POLL_NODE);
	return id;
}

/** Opens a workflow in which the action follows a Manual Trigger, and then the action. */
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

/** Waits until the first lines of the visible `parts` are `expected`. @param what names it when that does not happen */
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

/** Waits until the whole text of `part` is `expected`, with white space collapsed. */
export async function says(part: Locator, expected: string, what: string): Promise<void> {
	await settles(async () => (await part.innerText()).replace(/\s+/g, ' ').trim(), expected, what);
}

/** Waits until `read` gives `expected`. */
export async function settles<T>(read: () => Promise<T>, expected: T, what: string): Promise<void> {
	const matches = async () => {
		deepStrictEqual(await read(), expected);
		return true;
	};
	await eventually(matches, { every: 100, what });
}

/** Waits until an image has loaded. @returns its address */
export async function drawn(image: Locator, what: string): Promise<string> {
	return await eventually(
		async () => {
			const { src, width } = await image.evaluate((node) => ({
				src: (node as any).src,
				width: (node as any).naturalWidth,
			}));
			return width > 0 && String(src);
		},
		{ what },
	);
}

/** The labels of the open node's fields in order, including those inside collections. */
export const labels = ({ editor }: Tour): Locator =>
	editor.page.getByTestId('node-parameters').getByTestId('input-label');

/** A field of the open node, by its parameter's name. */
export const field = ({ editor }: Tour, name: string): Locator =>
	editor.page.getByTestId(`parameter-input-${name}`);

/** Opens a field's list and checks its options. */
export async function offers(tour: Tour, name: string, expected: string[]): Promise<void> {
	await field(tour, name).click();
	await reads(tour.editor.page.getByRole('option'), expected, `what ${name} offers`);
}

/** Chooses an option from the list that is open. */
export async function choose({ editor: { page } }: Tour, option: string): Promise<void> {
	await page
		.getByRole('option')
		.filter({ visible: true })
		.getByText(option, { exact: true })
		.click();
}

/** Adds every optional field of the last collection that has any left, checking what is offered. n8n offers several in a list, a single one on a button. */
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
