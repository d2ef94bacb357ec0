import { isAtLeast } from '../../harness/n8n/version.mts';
import { eventually, pause } from '../../harness/wait.mts';
import {
	credentialData,
	NODE,
	newSecret,
	setStage,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** Execute step of the webhook trigger, with the latest testimonial as its sample. */

const LATEST = { options: { sample: 'latest' } };

const webhookRequests = ({ sandbox }: Stage) =>
	sandbox.requests.filter(
		({ method, path }) => method !== 'GET' && path.startsWith('/v1/webhooks'),
	);

/** Clicks Execute step, and gives the execution that came of it. */
const executeStep = async ({ n8n }: Stage, id: string) => {
	await n8n.listen(id, NODE);
	return (await n8n.waitForExecutions(id, 1))[0];
};

describe('a sample for Execute step', () => {
	let stage: Stage;
	beforeAll(async () => {
		stage = await setStage({ engine: 'publication' }, { seed: false });
	});
	afterAll(() => stage?.dispose());

	test('without any testimonial, the test URL is registered as usual', async () => {
		const id = await triggerWorkflow(stage, LATEST);
		await stage.n8n.listen(id, NODE);
		expect(stage.sandbox.endpoints()).toHaveLength(1);
		expect(stage.n8n.log()).toContain('there is no testimonial to show yet');
		const { id: first } = stage.sandbox.submit();
		const [execution] = await stage.n8n.waitForExecutions(id, 1);
		expect(execution.items[NODE][0].json.id).toBe(first);
		await eventually(() => stage.sandbox.endpoints().length === 0, { what: 'no endpoint' });
	});

	test('is the newest testimonial, comes in the shape of a delivery, and registers nothing', async () => {
		stage.sandbox.submit({ created_at: '2030-01-02T00:00:00.000Z', rating: 1 });
		const newest = stage.sandbox.submit({ created_at: '2030-01-01T00:00:00.000Z', rating: 4 });
		stage.sandbox.submit({ created_at: '2020-01-01T00:00:00.000Z' });
		await stage.sandbox.idle();
		const before = webhookRequests(stage).length;
		for (const event of ['testimonial.created', 'testimonial.approved']) {
			if (event === 'testimonial.approved') stage.sandbox.approve(newest.id);
			const id = await triggerWorkflow(stage, {
				...LATEST,
				events: ['testimonial.deleted', event],
				filters: { minRating: 3 },
			});
			const { mode, status, items } = await executeStep(stage, id);
			expect([mode, status]).toEqual(['manual', 'success']);
			const {
				object: _object,
				space_id: _space,
				...data
			} = stage.sandbox.testimonials().find((one) => one.id === newest.id)!;
			expect(items[NODE]).toEqual([
				expect.objectContaining({
					json: {
						...data,
						event: {
							id: expect.stringMatching(/^sample_/),
							name: event,
							created: expect.any(String),
							attempt: 1,
						},
					},
				}),
			]);
		}
		await pause(1_000);
		expect(webhookRequests(stage)).toHaveLength(before);
	});

	test('works in the manual set-up, also before there is a secret', async () => {
		const id = await triggerWorkflow(stage, { ...LATEST, setup: 'manual' });
		expect((await executeStep(stage, id)).status).toBe('success');
		await stage.n8n.updateCredential(
			stage.credential,
			credentialData(stage.sandbox, { webhookSecret: newSecret() }),
		);
		await stage.n8n.listen(id, NODE);
		expect((await stage.n8n.waitForExecutions(id, 2)).map(({ status }) => status)).toEqual([
			'success',
			'success',
		]);
	});

	test('leaves the published workflow and its endpoint alone', async () => {
		const id = await triggerWorkflow(stage, LATEST);
		await stage.n8n.activate(id);
		await eventually(() => stage.sandbox.endpoints().length === 1, { what: 'the endpoint' });
		const [endpoint] = structuredClone(stage.sandbox.endpoints());
		await executeStep(stage, id);
		await pause(1_000);
		expect(stage.sandbox.endpoints()).toEqual([endpoint]);
		const { id: next } = stage.sandbox.submit();
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions[1].items[NODE][0].json.id).toBe(next);
	});

	test('is told where n8n does not reach itself', async () => {
		const lost = await setStage({ engine: 'publication', webhookUrl: 'https://n8n.invalid' });
		try {
			const id = await triggerWorkflow(lost, LATEST);
			await expect(lost.n8n.listen(id, NODE)).rejects.toThrow(
				'This n8n does not reach itself, so a sample cannot be delivered',
			);
			// Older versions of n8n do not tell nodes this address.
			if (!isAtLeast('2.0')) return;
			await lost.n8n.restart({ N8N_EDITOR_BASE_URL: lost.n8n.baseUrl });
			expect((await executeStep(lost, id)).status).toBe('success');
		} finally {
			await lost.dispose();
		}
	});
});
