import { byId, endpoint, page, testimonial } from './fixtures.mts';

const named = { id: 'x_1', name: 'Clients' };
const create = { spaceId: byId('spc_1'), text: 'Hi', authorName: 'Ana' };
const testimonialId = byId('j97abc');
const webhookId = byId('wh_1');

/** Each operation with the parameters that it needs and an answer of the API. Of the account, only the name of `tier` is published. */
export const OPERATIONS: Array<[string, object, object | undefined]> = [
	['account/get', {}, { tier: 'growth' }],
	['space/getAll', {}, page([named])],
	['testimonial/approve', { testimonialId }, testimonial()],
	['testimonial/create', create, testimonial()],
	['testimonial/get', { testimonialId }, testimonial()],
	['testimonial/getAll', {}, page([testimonial()])],
	['testimonial/reject', { testimonialId }, testimonial({ status: 'rejected' })],
	['testimonial/update', { testimonialId, updateFields: { rating: 5 } }, testimonial()],
	['wall/getAll', {}, page([named])],
	[
		'webhook/create',
		{ url: 'https://example.com/', events: ['testimonial.created'] },
		endpoint({ secret: 'whsec_x' }),
	],
	['webhook/delete', { webhookId }, undefined],
	['webhook/get', { webhookId }, endpoint()],
	['webhook/getAll', {}, page([endpoint()])],
	['webhook/update', { webhookId, updateFields: { status: 'active' } }, endpoint()],
];
