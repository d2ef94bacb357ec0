import { match } from 'node:assert';
import type { Locator } from 'playwright-core';

import { SEARCHES } from '../../helpers/searches.mts';
import type { Theme } from '../browser.mts';
import { drawn, labels, reads, settles } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

const ACTIONS = [
	'Get account plan and usage',
	'Get many spaces with their IDs',
	'Approve testimonial',
	'Create testimonial',
	'Get testimonial by ID',
	'Get many testimonials',
	'Reject testimonial',
	'Update testimonial content or status',
	'Get many walls with their IDs',
	'Create webhook',
	'Delete webhook',
	'Get webhook by ID',
	'Get many webhooks',
	'Update webhook',
];
const TRIGGERS = ['On testimonial approved', 'On testimonial created', 'On testimonial deleted'];

/**
 * n8n's node panel. It shows the action and the trigger as one entry because their names differ only by "Trigger"; so the Poll Trigger
 * has its own entry.
 */
export const nodePanel: Record<string, Scene> = {
	'The node panel, light': async (tour) => await lists(tour, 'light', /testivora\.svg$/),
	'The node panel, dark': async (tour) => await lists(tour, 'dark', /testivora\.dark\.svg$/),

	'The node panel finds the nodes by common words': async (tour) => {
		const panel = await search(tour, '');
		for (const query of SEARCHES) {
			const bar = panel.getByTestId('node-creator-search-bar');
			// Away with what the query before has found.
			await bar.fill('qxzqxz');
			await settles(async () => await names(panel).count(), 0, 'an empty list');
			await bar.fill(query);
			await settles(
				async () =>
					(await names(panel).allInnerTexts())
						.slice(0, 2)
						.some((name) => name.startsWith('Testivora')),
				true,
				`"${query}" to find us`,
			);
		}
	},

	'The node panel tells the two triggers apart': async (tour) => {
		const panel = await search(tour, 'testivora');
		await reads(
			panel.getByTestId('node-creator-item-description'),
			[
				'Starts the workflow at once when a testimonial is created, approved or deleted in Testivora. The trigger needs an n8n with a public https address; Testivora Poll Trigger does not.',
				'Starts the workflow when a testimonial is created or approved in Testivora. Asks Testivora regularly, so it needs no public address.',
			],
			'what tells the two triggers apart',
		);
		await tour.editor.shot('node-panel-triggers');
		await names(panel).getByText('Testivora Poll', { exact: true }).click();
		await reads(
			names(panel),
			['On testimonial approved', 'On testimonial created'],
			'what the Poll Trigger starts on',
		);
		await panel.getByText('On testimonial approved').click();
		await tour.editor.page.getByTestId('ndv').waitFor();
		await tour.editor.page
			.getByTestId('parameter-input-events')
			.getByText('Testimonial Approved')
			.waitFor();
		await tour.editor.shot('node-panel-added-poll');
	},

	'A trigger from the node panel': async (tour) => {
		const { page } = tour.editor;
		await open(await search(tour, 'testivora'));
		await page.getByText('On testimonial deleted').click();
		await page.getByTestId('ndv').waitFor();
		await reads(
			labels(tour),
			['Trigger On', 'Simplify', 'Filters', 'Webhook Setup', 'Options'],
			'the fields of the new trigger',
		);
		await page.getByTestId('parameter-input-events').getByText('Testimonial Deleted').waitFor();
		await tour.editor.shot('node-panel-added');
	},
};

async function lists(tour: Tour, theme: Theme, icon: RegExp): Promise<void> {
	const { editor } = tour;
	await editor.theme(theme);
	const panel = await search(tour, 'testivora');
	await reads(names(panel), ['Testivora', 'Testivora Poll'], 'what the search finds');
	match(await drawn(panel.locator('img').first(), 'the icon in the node panel'), icon);
	await editor.shot(`node-panel-${theme}-search`);
	await open(panel);
	await reads(names(panel), [...TRIGGERS, ...ACTIONS], 'what the nodes can do');
	match(await drawn(panel.locator('img').last(), 'the icon of a trigger in the node panel'), icon);
	await editor.shot(`node-panel-${theme}`);
	if (theme === 'light') await tour.forReadme('node-panel', panel);
}

/** Opens a new workflow and searches its node panel. @returns the panel */
async function search({ stage, editor: { page } }: Tour, word: string): Promise<Locator> {
	await page.goto(`${stage.n8n.baseUrl}/workflow/new`);
	await page.getByTestId('canvas-add-button').click();
	const panel = page.getByTestId('node-creator');
	await panel.getByTestId('node-creator-search-bar').fill(word);
	return panel;
}

/** Opens Testivora's entry and its list of actions. In a new workflow, the list of triggers is open already. */
async function open(panel: Locator): Promise<void> {
	await names(panel).getByText('Testivora', { exact: true }).click();
	await panel.getByText('Triggers (3)', { exact: true }).waitFor();
	await panel.getByText('Actions (14)', { exact: true }).click();
}

const names = (panel: Locator): Locator => panel.getByTestId('node-creator-item-name');
