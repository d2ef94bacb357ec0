import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { addEndpoint, changeEndpoint, removeEndpoint } from './routes.mts';
import type { Deliveries } from './deliveries.mts';
import type { Sandbox } from './sandbox.mts';
import type { Testimonial } from './store.mts';

/** Adds the page on which a person acts as Testivora and its customers, the routes behind its buttons, and those that inject faults. */
export function addPage(
	app: FastifyInstance,
	sandbox: Sandbox,
	deliveries: Deliveries,
	watchers: Set<() => void>,
): void {
	const html = readFileSync(join('test', 'sandbox', 'page.html'));
	const id = (request: FastifyRequest) => (request.params as { id: string }).id;
	const changed = () => watchers.forEach((watcher) => watcher());

	app.get('/', async (_request, reply) => await reply.type('text/html; charset=utf-8').send(html));
	app.get('/_sandbox/state', async () => ({
		spaces: sandbox.store.spaces,
		testimonials: sandbox.testimonials().slice(0, 50),
		endpoints: sandbox.endpoints().map(({ secret: _secret, ...endpoint }) => endpoint),
		deliveries: sandbox.deliveries.slice(-50).reverse(),
	}));

	app.post('/_sandbox/testimonials', async (request) =>
		sandbox.submit(request.body as Partial<Testimonial>),
	);
	app.post('/_sandbox/testimonials/:id/approve', async (request) => sandbox.approve(id(request)));
	app.delete('/_sandbox/testimonials/:id', async (request) => sandbox.remove(id(request)));
	// As in Testivora's settings: Testivora makes the secret and shows it once.
	app.post('/_sandbox/endpoints', async (request) => {
		const { url, events } = request.body as Record<string, unknown>;
		const { id, secret } = addEndpoint(sandbox.store, request, { url, events });
		changed();
		return { id, secret };
	});
	app.patch('/_sandbox/endpoints/:id', async (request) => {
		const { secret: _secret, ...endpoint } = changeEndpoint(sandbox.store, request);
		changed();
		return endpoint;
	});
	app.delete('/_sandbox/endpoints/:id', async (request) => {
		removeEndpoint(sandbox.store, request);
		changed();
		return { deleted: true };
	});
	app.post('/_sandbox/deliveries/:id/again', async (request, reply) => {
		const refuse = async (message: string) =>
			await reply.code(404).send({ error: { type: 'not_found', message } });
		const delivery = sandbox.deliveries.find((one) => String(one.id) === id(request));
		if (!delivery) return await refuse('The sandbox no longer has this delivery.');
		const { eventId, endpointId } = delivery;
		if (!sandbox.endpoints().some((endpoint) => endpoint.id === endpointId))
			return await refuse(`The endpoint ${endpointId} was deleted.`);
		if (!(await deliveries.again(delivery)))
			return await refuse(`The sandbox no longer has the event ${eventId}.`);
		const { attempt, status, answer, error } = sandbox.deliveries
			.filter((one) => one.eventId === eventId && one.endpointId === endpointId)
			.at(-1)!;
		return { attempt, status, answer: error ?? answer };
	});

	app.post('/_sandbox/faults', async (request) => {
		const { path, ...fault } = request.body as { path?: string };
		sandbox.inject({ ...fault, ...(path !== undefined && { path: new RegExp(path) }) });
		return { injected: true };
	});
	app.delete('/_sandbox/faults', async () => {
		sandbox.clearFaults();
		return { cleared: true };
	});

	// Server-sent events tell the page to fetch the state again.
	app.get('/_sandbox/changes', (request, reply) => {
		reply.hijack();
		reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
		const tell = () => reply.raw.write('data: changed\n\n');
		tell();
		watchers.add(tell);
		request.raw.on('close', () => watchers.delete(tell));
	});
}
