import { goLive } from '../../../harness/stage.mts';
import { outcome } from './play.mts';
import type { Example } from './play.mts';

const HUBSPOT = {
	credential: ['hubspotAppToken', { appToken: 'pat-test' }],
} as Example['choices'][string];

const CONTACTS = [
	{ id: '1', properties: { firstname: 'Ana', lastname: 'López', email: 'ana@example.com' } },
	{ id: '2', properties: { firstname: 'Ana', lastname: 'López Ruiz', email: 'ruiz@example.com' } },
	{ id: '3', properties: { firstname: 'Tom', lastname: 'Baker', email: 'tom@example.com' } },
	{ id: '4', properties: { firstname: 'tom', lastname: 'BAKER', email: 'baker@example.com' } },
	{ id: '5', properties: { firstname: 'Mina', lastname: 'Sato', email: null } },
];

export const approvedToHubspot: Example = {
	choices: { 'Search Contacts': HUBSPOT, 'Tag the Contact': HUBSPOT, 'Ask a Person': HUBSPOT },
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(({ path, body }) => {
			if (path === '/crm/v3/objects/contacts/search') {
				// HubSpot finds every name that contains the words; the workflow must pick the exact one.
				const [first] = body.query.toLowerCase().split(' ');
				return {
					results: CONTACTS.filter(
						({ properties }) => properties.firstname.toLowerCase() === first,
					),
				};
			}
			return { vid: 1, isNew: false };
		});
		await goLive(play, workflowId, 'Approved');
		const approve = async (name: string, count: number) => {
			const { id } = sandbox.submit({ rating: 5, text: 'Worth it.', author: { name } });
			sandbox.approve(id);
			await outcome(play, workflowId, count);
		};

		await approve(' Ana LÓPEZ', 1);
		expect(outside.requests).toMatchObject([
			{
				host: 'api.hubapi.com',
				path: '/crm/v3/objects/contacts/search',
				body: { query: 'Ana LÓPEZ', properties: ['firstname', 'lastname', 'email'], limit: 100 },
			},
			{
				host: 'api.hubapi.com',
				method: 'POST',
				path: '/contacts/v1/contact/createOrUpdate/email/ana@example.com',
				body: { properties: [{ property: 'testimonial', value: '★★★★★ Worth it.' }] },
			},
		]);
		expect(outside.requests).toHaveLength(2);

		// Two contacts with the name; one without an email address; none.
		for (const [index, name] of ['Tom Baker', 'Mina Sato', 'Jonas Weber'].entries()) {
			outside.requests.length = 0;
			await approve(name, index + 2);
			expect(outside.requests).toHaveLength(2);
			expect(outside.requests[1]).toMatchObject({
				path: '/engagements/v1/engagements',
				body: {
					engagement: { type: 'TASK' },
					metadata: {
						subject: `Which contact is ${name}?`,
						status: 'NOT_STARTED',
						forObjectType: 'CONTACT',
					},
				},
			});
			expect(outside.requests[1].body.metadata.body).toContain('Worth it.');
		}
	},
};
