import type { IDataObject } from 'n8n-workflow';

/** A testimonial as lists and answers hold it (assumption A3), with every field that is known. */
export function testimonial(fields: IDataObject = {}): IDataObject {
	return {
		id: 'j97abc',
		object: 'testimonial',
		space_id: 'spc_123',
		type: 'text',
		status: 'approved',
		rating: 5,
		text: 'Cerré 3 clientes en una semana.',
		featured: false,
		tags: ['onboarding'],
		author: {
			name: 'Ana López',
			title: 'Coach',
			company: 'Acme',
			photo_url: 'https://example.com/ana.jpg',
			social: 'https://instagram.com/ana',
		},
		video: null,
		created_at: '2026-06-03T00:59:50.000Z',
		published_at: '2026-06-03T01:00:00.000Z',
		...fields,
	};
}

/** The approved event that the guide "Webhooks and API" shows, with its attempt and IDs written out. It has no `space_id`. */
export function event(fields: IDataObject = {}): IDataObject {
	const { object: _object, space_id: _space, ...data } = testimonial();
	return {
		id: 'evt_3hF2bQ',
		object: 'event',
		event: 'testimonial.approved',
		version: '1.0',
		created: '2026-06-03T01:00:00.000Z',
		attempt: 1,
		data,
		...fields,
	};
}

/** A webhook endpoint (assumption A1). */
export function endpoint(fields: IDataObject = {}): IDataObject {
	return {
		id: 'wh_1',
		object: 'webhook',
		url: 'https://n8n.example.com/webhook/1',
		status: 'active',
		events: ['testimonial.created'],
		created_at: '2026-06-01T00:00:00.000Z',
		updated_at: '2026-06-01T00:00:00.000Z',
		...fields,
	};
}

/** A page of a list, the last one without a cursor. */
export function page(data: IDataObject[], next?: string) {
	return { object: 'list', data, has_more: next !== undefined, next_cursor: next ?? null };
}

/** The API's error envelope. */
export function refusal(type: string, message: string, details: IDataObject = {}) {
	return { error: { type, message, ...details } };
}

/** A resource locator's value as a workflow stores it. */
export function byId(value: string) {
	return { __rl: true as const, mode: 'id', value };
}

/** A resource locator's value that was chosen from its list. */
export function fromList(value: string) {
	return { __rl: true as const, mode: 'list', value, cachedResultName: 'Some name' };
}
