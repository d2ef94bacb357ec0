/**
 * `npm run demo`: a local Testivora sends a testimonial through a signed webhook to a workflow in a real n8n. Both keep running until
 * Ctrl-C. With `--once` the demo ends by itself: with exit code 0, or with 1 and the name of the step that failed.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { OWNER } from '../test/harness/n8n/client.mts';
import type { Execution, WorkflowInput } from '../test/harness/n8n/client.mts';
import { ensureN8n } from '../test/harness/n8n/host.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { endProgress, showProgress } from '../test/harness/n8n/progress.mts';
import { packPackage } from '../test/harness/n8n/tarball.mts';
import { temporaryFolder } from '../test/harness/temporary.mts';
import { eventually, pause } from '../test/harness/wait.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import { failed, heading, Interrupted, interruption, say, step, showFact } from './demo/story.mts';

const once = process.argv.includes('--once');
const temporary = temporaryFolder('demo');
const userFolder = temporary.path;
let sandbox: Awaited<ReturnType<typeof startSandbox>> | undefined;
let n8n: N8n | undefined;
let workflowId: string | undefined;

/** Whether both of the demo's deliveries have run the workflow; Ctrl-C then counts as success. */
let isComplete = false;

try {
	await demo();
} catch (error) {
	if (error instanceof Interrupted) {
		say('Stopping.');
		if (!isComplete) process.exitCode = 130;
	} else {
		failed(error);
		if (n8n) console.error(`\nThe end of n8n's log:\n${n8n.log().slice(-2000)}`);
		process.exitCode = 1;
	}
}
await cleanUp();
// An interrupted step may still be waiting for something.
process.exit();

async function demo(): Promise<void> {
	await step('Build and pack the package', async () => {
		const path = await packPackage();
		showFact(
			`${basename(path)}, ${Math.ceil((await stat(path)).size / 1024)} KB: what "npm publish" would upload`,
		);
	});

	await step('Install n8n', async () => {
		const { version, dir } = await ensureN8n(showProgress()).finally(endProgress);
		showFact(`n8n ${version} in ${dir}`);
	});

	const { api, instance } = await step('Start a local Testivora and n8n', async () => {
		const api = (sandbox = await startSandbox({ rateLimits: true }));
		showFact(`Testivora sandbox at ${api.url}`);
		const instance = (n8n = await N8n.start({ engine: 'publication', whole: true, userFolder }));
		const nodes = await Promise.all(
			['testivoraTrigger', 'testivora'].map((name) =>
				instance.nodeType(`n8n-nodes-testivora.${name}`),
			),
		);
		if (nodes.includes(undefined)) throw new Error('n8n did not load the nodes of the package');
		showFact(
			`n8n at ${instance.baseUrl}, with a fresh user folder`,
			`it loaded the nodes "${nodes.map((node) => node!.displayName).join('" and "')}"`,
		);
		return { api, instance };
	});

	const credential = await step('Create the credential', async () => {
		const data = { apiKey: api.apiKey, baseUrl: api.url };
		const id = await instance.createCredential('Testivora account', 'testivoraApi', data);
		const { status, message } = await instance.testCredential('testivoraApi', data);
		if (status !== 'OK') throw new Error(`n8n's credential test says: ${message}`);
		showFact(`n8n tested it against ${api.url}/v1/account: ${message}`);
		return { id, name: 'Testivora account' };
	});

	workflowId = await step('Create and activate the example workflow', async () => {
		const workflow = JSON.parse(
			await readFile(resolve('examples/testimonial-to-summary.json'), 'utf8'),
		) as WorkflowInput;
		for (const node of workflow.nodes)
			if (node.credentials) node.credentials = { testivoraApi: credential };
		const id = await instance.createWorkflow(workflow);
		showFact(`"${workflow.name}": ${workflow.nodes.map((node) => node.name).join(' → ')}`);
		const { status, body } = await instance.activate(id);
		if (status !== 200) throw new Error(`n8n did not activate it: ${JSON.stringify(body)}`);
		const publication = await instance.publication(id);
		if (publication.status !== 'published') {
			throw new Error(
				`n8n did not activate it: ${publication.triggers.map((trigger) => trigger.errorMessage).join('; ')}`,
			);
		}
		const [endpoint] = api.endpoints();
		showFact(
			`Endpoint registered at Testivora: ${endpoint.id}, ${endpoint.status}`,
			endpoint.url,
			`events: ${endpoint.events.join(', ')}`,
		);
		return id;
	});

	const testimonial = await step('A customer submits a testimonial', async () => {
		const submitted = api.submit({
			text: 'We closed three clients within a week.',
			rating: 5,
			author: { name: 'Ana López', title: 'Coach', company: 'Acme' },
		});
		showFact(`Testivora has ${submitted.id}, ${submitted.status}`);
		await showDelivery('testimonial.created', 1);
		return submitted;
	});

	await step('You approve it', async () => {
		api.approve(testimonial.id);
		await showDelivery('testimonial.approved', 2);
	});
	isComplete = true;

	if (once) return;
	say(
		'All of it stays up until you press Ctrl-C. Try it yourself:',
		`  Testivora  ${api.url}`,
		'             submit, approve and delete testimonials and watch the deliveries',
		`             API key ${api.apiKey}`,
		`  n8n        ${instance.baseUrl}/workflow/${workflowId}`,
		`             log in as ${OWNER.email} with the password ${OWNER.password}`,
	);
	await Promise.race([showExecutionsAfter(2), interruption]);
}

/** Waits until n8n has accepted an event, and for the execution that it started, the workflow's `count`-th, and prints both. */
async function showDelivery(event: string, count: number): Promise<void> {
	const accepted = () => {
		const last = sandbox!.deliveries.filter((delivery) => delivery.event === event).at(-1);
		if (last && last.status !== 200)
			throw new Error(`n8n answered with ${last.status ?? last.error}: ${last.answer}`);
		return last;
	};
	// Testivora sends an event again where a delivery failed, after 5 s, 10 s and so on.
	const { status, answer } = await eventually(accepted, {
		what: `n8n to accept the delivery of ${event}`,
	});
	showFact(`Delivery of ${event}: signature verified, answered ${status}`, answer);
	const executions = await n8n!.waitForExecutions(workflowId!, count);
	showExecution(executions[count - 1]);
}

function showExecution(execution: Execution): void {
	if (execution.status !== 'success')
		throw new Error(`Execution ${execution.id}: ${execution.status}: ${execution.error?.message}`);
	// Whoever tries the demo may have changed the workflow.
	const output = execution.items.Summary?.[0]?.json ?? {};
	showFact(
		`Workflow ran (execution ${execution.id}), its output:`,
		...Object.entries(output).map(([name, value]) => `${name}: ${value}`),
	);
}

/** Prints every execution after the first `known`, for as long as the demo runs. */
async function showExecutionsAfter(known: number): Promise<never> {
	for (;;) {
		await pause(1000);
		const { success = 0, error = 0 } = await n8n!.countExecutions(workflowId);
		if (success + error <= known) continue;
		const ended = (await n8n!.executions(workflowId)).filter(
			({ status }) => status === 'success' || status === 'error',
		);
		for (const execution of ended.slice(known)) {
			if (execution.status === 'success') showExecution(execution);
			else console.log(`   Execution ${execution.id} failed: ${execution.error?.message}`);
		}
		known = ended.length;
	}
}

/** Deactivates the workflow, checks that its endpoint is gone, and stops everything; also after a step that failed. */
async function cleanUp(): Promise<void> {
	heading('Stop everything');
	try {
		if (n8n && sandbox && workflowId) {
			const [endpoint] = sandbox.endpoints();
			await n8n.deactivate(workflowId);
			await eventually(() => sandbox!.endpoints().length === 0, {
				what: 'the endpoint to be deleted',
			});
			showFact(
				'Workflow deactivated',
				endpoint
					? `endpoint ${endpoint.id} is deleted at Testivora`
					: 'no endpoint is left at Testivora',
			);
		}
	} catch (error) {
		failed(error);
		process.exitCode = 1;
	}
	await n8n?.stop();
	await sandbox?.stop();
	await temporary.remove();
	showFact('Nothing is left running');
}
