import { storedEndpoint } from '../../../harness/stage.mts';
import { outcome, rowsOf, submitForm } from './play.mts';
import type { Example } from './play.mts';

export const pauseWebhooksForMaintenance: Example = {
	choices: {},
	async run(play, workflowId) {
		const { sandbox } = play;
		const stored = (name: string, status: string) =>
			storedEndpoint({ id: `wh_${name}`, url: `https://${name}.example.com/hook`, status });
		const endpoints = sandbox.endpoints();
		endpoints.splice(
			0,
			Infinity,
			stored('crm', 'active'),
			stored('old', 'disabled'),
			stored('site', 'active'),
		);
		const statuses = () => Object.fromEntries(endpoints.map(({ id, status }) => [id, status]));
		const remembered = async () =>
			(await rowsOf(play, 'paused webhooks')).map(({ webhook_id: id }) => id).sort();
		const choose = async (action: string, count: number) => {
			const page = await submitForm(play, workflowId, 'Pause or Resume', action);
			await outcome(play, workflowId, count);
			return page;
		};

		const paused = await choose('Pause', 1);
		expect(statuses()).toEqual({ wh_crm: 'disabled', wh_old: 'disabled', wh_site: 'disabled' });
		expect(await remembered()).toEqual(['wh_crm', 'wh_site']);
		expect(paused).toContain('2 paused');
		expect(paused).toContain('https://crm.example.com/hook');

		// An endpoint that Testivora does not resume is reported, and tried again the next time.
		sandbox.inject({
			method: 'PATCH',
			path: '/v1/webhooks/wh_crm',
			status: 404,
			body: { error: { type: 'not_found', message: 'Gone.' } },
		});
		const resumed = await choose('Resume', 2);
		expect(statuses()).toEqual({ wh_crm: 'disabled', wh_old: 'disabled', wh_site: 'active' });
		expect(await remembered()).toEqual(['wh_crm']);
		expect(resumed).toContain('1 resumed');
		expect(resumed).toContain(
			'Not resumed: https://crm.example.com/hook: Testivora has nothing with this ID in your account',
		);

		expect(await choose('Resume', 3)).toContain('1 resumed');
		expect(statuses()).toEqual({ wh_crm: 'active', wh_old: 'disabled', wh_site: 'active' });
		expect(await remembered()).toEqual([]);
	},
};
