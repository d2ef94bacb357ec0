/** What the import suites share: the rows, the rate limit, and the nodes that create a testimonial for each row. */
import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import { actionNode } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { byId } from '../test/helpers/fixtures.mts';

/** The rate limits run so many times faster than in life: 30 writes a second instead of a minute, after a burst of 60. */
export const SCALE = 60;
export const PER_SECOND = 30;
export const BURST = 60;

/** A list in the webhook's body, as a spreadsheet's rows would come. */
export const ROWS: WorkflowNode = {
	name: 'Rows',
	type: 'n8n-nodes-base.splitOut',
	typeVersion: 1,
	parameters: { fieldToSplitOut: 'body.rows', options: {} },
};

/** So many texts, each of them different. */
export const rows = (count: number, prefix = ''): string[] =>
	Array.from(
		{ length: count },
		(_, index) => `${prefix}Row ${index + 1}: a pleasure from start to finish.`,
	);

export function createByAction({ credential }: Stage, name: string, options = {}): WorkflowNode {
	const parameters = {
		resource: 'testimonial',
		operation: 'create',
		spaceId: byId('spc_courses'),
		text: '={{ $json.text }}',
		authorName: 'Ana López',
		options,
	};
	return actionNode(credential, parameters, name);
}

/** As users set the HTTP Request node up against a rate limit: Retry On Fail with the most and longest tries. */
export function createByHttpRequest(
	{ sandbox }: Stage,
	bearer: string,
	name: string,
	batching?: { batchSize: number; batchInterval: number },
): WorkflowNode {
	return {
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.4,
		parameters: {
			method: 'POST',
			url: `${sandbox.url}/v1/testimonials`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpBearerAuth',
			sendBody: true,
			specifyBody: 'json',
			jsonBody:
				'={{ { space_id: "spc_courses", text: $json.text, author: { name: "Ana López" } } }}',
			options: batching ? { batching: { batch: batching } } : {},
		},
		credentials: { httpBearerAuth: { id: bearer, name: 'Bearer' } },
		retryOnFail: true,
		maxTries: 5,
		waitBetweenTries: 5_000,
	};
}
