import type { Locator, Page } from 'playwright-core';

import { credentialData } from '../../../harness/stage.mts';
import type { Tour } from '../../tour.mts';
import type { Walk } from './walk.mts';

/** What users do in n8n's editor in every walk, step by step. */

/** Opens a new workflow, which is where a walk starts. */
export async function openEmptyWorkflow({ tour, page }: Walk): Promise<void> {
	await page.goto(`${tour.stage.n8n.baseUrl}/workflow/new`);
	await page.getByTestId('canvas-add-button').waitFor();
}

/** "Add first step". @returns n8n's node panel */
export async function addFirstStep(walk: Walk): Promise<Locator> {
	const panel = walk.page.getByTestId('node-creator');
	await walk.click(walk.page.getByTestId('canvas-add-button'), 'node-panel');
	return panel;
}

/** The plus behind a node. @returns n8n's node panel */
export async function addAfter(walk: Walk, node: string): Promise<Locator> {
	await walk.click(walk.tour.editor.node(node).getByTestId('canvas-handle-plus'), 'node-panel');
	return walk.page.getByTestId('node-creator');
}

/** Searches the node panel, opens an entry and, in it, what it can do. The node is open afterwards. */
export async function choose(walk: Walk, word: string, ...entries: string[]): Promise<void> {
	const panel = walk.page.getByTestId('node-creator');
	await walk.type(panel.getByTestId('node-creator-search-bar'), word, 'searched');
	for (const entry of entries)
		await walk.click(panel.getByText(entry, { exact: true }).first(), 'entry');
	await walk.page.getByTestId('ndv').waitFor();
	await walk.look('node-added');
}

/** "Connect to …" in the node that is open, where there is no credential yet. @returns the credential's dialogue */
export async function createCredential(walk: Walk): Promise<Locator> {
	const { page } = walk;
	await walk.click(
		page.getByTestId('node-credentials-empty-state').getByRole('button'),
		'credential',
	);
	return page.getByTestId('editCredential-modal');
}

/** A field of the credential's dialogue. */
export const credentialField = (dialog: Locator, name: string): Locator =>
	dialog.getByTestId(`parameter-input-${name}`).locator('input');

/** The Base URL is the sandbox's, which a user leaves alone: it does not count. */
export async function useSandbox({ tour }: Walk, dialog: Locator): Promise<void> {
	await credentialField(dialog, 'baseUrl').fill(tour.stage.sandbox.url);
}

export async function closeNode(walk: Walk): Promise<void> {
	await walk.tour.editor.closeNode();
}

export async function publish(walk: Walk): Promise<void> {
	const { page } = walk;
	await walk.click(page.getByTestId('workflow-open-publish-modal-button'), 'publish');
	await walk.click(page.getByTestId('workflow-publish-button'), 'publishing');
}

/** Takes all credentials away, as n8n is for somebody who has just installed the package; {@link giveCredential} follows. */
export async function takeCredentials({ stage: { n8n } }: Tour): Promise<void> {
	const { body } = await n8n.request('GET', '/rest/credentials');
	for (const { id } of body.data) await n8n.deleteCredential(id);
}

/** Gives the credential back that the other scenes use. */
export async function giveCredential({ stage }: Tour): Promise<void> {
	stage.credential = await stage.n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(stage.sandbox),
	);
}

/** The ID of the workflow that is open. n8n writes it into the address. */
export function workflowId(page: Page): string {
	return /\/workflow\/([^/?]+)/.exec(page.url())![1];
}
