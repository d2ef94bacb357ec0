import { isAtLeast } from '../../harness/n8n/version.mts';
import { eventually, pause } from '../../harness/wait.mts';
import {
	credentialData,
	goLive,
	NODE,
	newSecret,
	setStage,
	takeDown,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** The trigger's option Sample for Execute Step. */
const LATEST = { options: { sample: 'latest' } };

const webhookRequests = ({ sandbox }: Stage) =>
	sandbox.requests.filter(
		({ method, path }) => method !== 'GET' && path.startsWith('/v1/webhooks'),
	);

/** Clicks Execute step. @returns the execution that this starts */
const executeStep = async ({ n8n }: Stage, id: string) => {
	await n8n.listen(id, NODE);
	return (await n8n.waitForExecutions(id, 1))[0];
};

describe('the latest testimonial as the sample for Execute step', () => {
	let stage: Stage;
	beforeAll(async () => {
		stage = await setStage({ engine: 'publication' }, { seed: false });
	});
	afterAll(() => stage?.dispose());

	test('without a testimonial, the test URL is registered as usual', async () => {
		const id = await triggerWorkflow(stage, LATEST);
		await stage.n8n.listen(id, NODE);
		expect(stage.sandbox.endpoints()).toHaveLength(1);
		expect(stage.n8n.log()).toContain('there is no testimonial to show yet');
		const { id: first } = stage.sandbox.submit();
		const [execution] = await stage.n8n.waitForExecutions(id, 1);
		expect(execution.items[NODE][0].json.id).toBe(first);
		await eventually(() => stage.sandbox.endpoints().length === 0, { what: 'no endpoint' });
	});

	test('is the newest one, has the shape of a delivery, and registers nothing', async () => {
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
		// n8n runs the trigger's delete method after the execution.
		await pause(1_000);
		expect(webhookRequests(stage)).toHaveLength(before);
	});

	test('works with the manual setup, with and without a secret', async () => {
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

	test('leaves the endpoint of the published workflow alone', async () => {
		const id = await triggerWorkflow(stage, LATEST);
		const endpoint = { ...(await goLive(stage, id)) };
		await executeStep(stage, id);
		// n8n runs the trigger's delete method after the execution.
		await pause(1_000);
		expect(stage.sandbox.endpoints()).toEqual([endpoint]);
		const { id: next } = stage.sandbox.submit();
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions[1].items[NODE][0].json.id).toBe(next);
		await takeDown(stage, id, endpoint.url);
	});

	test('where n8n does not reach itself at WEBHOOK_URL, the user is told so, or the address of the editor is used', async () => {
		await stage.n8n.restart({ WEBHOOK_URL: 'https://n8n.invalid/' });
		const id = await triggerWorkflow(stage, LATEST);
		await expect(stage.n8n.listen(id, NODE)).rejects.toThrow(
			'This n8n does not reach itself, so a sample cannot be delivered',
		);
		// Older versions of n8n do not tell nodes this address.
		if (!isAtLeast('2.0')) return;
		await stage.n8n.restart({ N8N_EDITOR_BASE_URL: stage.n8n.baseUrl });
		expect((await executeStep(stage, id)).status).toBe('success');
	});
});
