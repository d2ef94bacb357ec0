import { credentialData } from '../../harness/stage.mts';
import { byId } from '../../helpers/fixtures.mts';
import { until } from '../browser.mts';
import { field, openAction, reads, says } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

/** The searchable lists of spaces, testimonials and webhooks. */
export const locators: Record<string, Scene> = {
	'A locator with results and without': async (tour) => {
		await openAction(tour, { resource: 'testimonial', operation: 'create' });
		await lists(tour, 'spaceId', ['Online Courses', 'Coaching']);
		await tour.editor.shot('locator-results');
		await search(tour, 'no such space');
		await tour.editor.page.getByText('No results', { exact: true }).waitFor();
		await tour.editor.shot('locator-none');
		await search(tour, 'coach');
		await reads(items(tour), ['Coaching'], 'the spaces that match');
		await items(tour).getByText('Coaching').click();
		await tour.editor.shot('locator-chosen');
	},

	'A locator of testimonials': async (tour) => {
		// No higher than what the README's picture shows.
		await tour.editor.page.setViewportSize({ width: 1440, height: 640 });
		await openAction(tour, { resource: 'testimonial', operation: 'get' });
		await field(tour, 'testimonialId').click();
		await items(tour)
			.getByText('Ana López (approved): "Cerré 3 clientes en una semana."')
			.waitFor();
		await tour.editor.shot('locator-testimonials');
		await tour.forReadme('list', tour.editor.page.getByTestId('node-parameters'));
		await search(tour, 'more examples');
		await reads(
			items(tour),
			['Mina Sato (pending): "I expected more examples."'],
			'the testimonials that match',
		);
	},

	'A locator whose list cannot be loaded': async (tour) => {
		const { n8n, sandbox } = tour.stage;
		const wrong = await n8n.createCredential(
			'Testivora',
			'testivoraApi',
			credentialData(sandbox, { apiKey: `tv_live_${'0'.repeat(32)}` }),
		);
		await openAction(tour, { resource: 'testimonial', operation: 'create' }, wrong);
		await field(tour, 'spaceId').click();
		await says(
			tour.editor.page.getByTestId('rlc-error-container'),
			'Could not load list 401 - Testivora does not know this API key, or it was revoked Paste a key from ' +
				'Settings → API in Testivora into the Testivora credential, then test it. Testivora says: This API key is unknown or was revoked. Check your credential',
			'why there is no list',
		);
		await tour.editor.shot('locator-error');
	},

	'A locator of webhooks without a webhook API': async (tour) => {
		tour.stage.sandbox.options.webhookApi = false;
		try {
			await openAction(tour, { resource: 'webhook', operation: 'get' });
			await field(tour, 'webhookId').click();
			const reason = tour.editor.page.getByTestId('rlc-error-container');
			await reason
				.getByText(
					'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks',
				)
				.waitFor();
			await tour.editor.shot('locator-webhooks-error');
		} finally {
			tour.stage.sandbox.options.webhookApi = true;
		}
	},

	'A locator by ID': async (tour) => {
		await openAction(tour, {
			resource: 'testimonial',
			operation: 'get',
			testimonialId: byId('https://example.com'),
		});
		const { page } = tour.editor;
		const issues = field(tour, 'testimonialId').getByTestId('parameter-issues');
		await until(page.getByText('Enter an ID, not a web address').first(), 'visible', async () => {
			await page.mouse.move(0, 0);
			await issues.hover();
		});
		await tour.editor.shot('locator-id');
	},
};

/** The entries of the list that is open. */
const items = ({ editor }: Tour) => editor.page.getByTestId('rlc-item');

async function lists(tour: Tour, name: string, expected: string[]): Promise<void> {
	await field(tour, name).click();
	await reads(items(tour), expected, 'the entries of the list');
}

async function search({ editor }: Tour, words: string): Promise<void> {
	await editor.page.getByTestId('rlc-search').fill(words);
}
