import type { Scene } from '../../tour.mts';
import {
	addFirstStep,
	choose,
	createCredential,
	credentialField,
	giveCredential,
	openEmptyWorkflow,
	takeCredentials,
	useSandbox,
} from './moves.mts';
import { Walk } from './walk.mts';

interface Way {
	/** What is typed into the node panel. */
	word: string;
	/** What is clicked there, one after the other. */
	entries: string[];
	/** The field of the credential that the key goes into. */
	keyField: string;
	key?: string;
}

const WAYS: Record<string, Way> = {
	'Testivora Trigger': {
		word: 'testivora',
		entries: ['Testivora', 'On testimonial created'],
		keyField: 'apiKey',
	},
	'Stripe Trigger': {
		word: 'stripe',
		entries: ['Stripe', 'On charge succeeded'],
		keyField: 'secretKey',
		key: 'sk_test_1',
	},
	'Testivora, Create testimonial': {
		word: 'testivora',
		entries: ['Testivora', 'Actions (14)', 'Create testimonial'],
		keyField: 'apiKey',
	},
	'Airtable, Create a record': {
		word: 'airtable',
		entries: ['Airtable', 'Actions (8)', 'Create a record'],
		keyField: 'accessToken',
		key: 'pat1',
	},
};

/** From an empty workflow to a saved credential, with our nodes and with n8n's own. Theirs cannot be tested here: their services are out of reach. */
export const comparison: Record<string, Scene> = Object.fromEntries(
	Object.entries(WAYS).map(([name, { word, entries, keyField, key }]) => [
		`Walks compared: ${name}`,
		async (tour) => {
			await takeCredentials(tour);
			try {
				const walk = new Walk(tour, name.toLowerCase().replaceAll(/\W+/g, '-'));
				await openEmptyWorkflow(walk);
				await addFirstStep(walk);
				await choose(walk, word, ...entries);
				const dialog = await createCredential(walk);
				if (!key) await useSandbox(walk, dialog);
				await walk.type(credentialField(dialog, keyField), key ?? tour.stage.sandbox.apiKey, 'key');
				await walk.click(dialog.getByTestId('credential-save-button'), 'saved');
				if (!key) await dialog.waitFor({ state: 'detached' });
				walk.took(`To a saved credential: ${name}`);
			} finally {
				await takeCredentials(tour);
				await giveCredential(tour);
			}
		},
	]),
);
