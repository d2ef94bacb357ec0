import nock from 'nock';

import { answerWithNock } from '../helpers/api.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, endpoint, page, testimonial } from '../helpers/fixtures.mts';
import { previewFor, previewsOf } from '../helpers/previews.mts';

answerWithNock();

const previews = previewsOf('Testivora');
const named = { id: 'x_1', name: 'Clients' };
const create = { spaceId: byId('spc_1'), text: 'Hi', authorName: 'Ana' };
const testimonialId = byId('j97abc');
const webhookId = byId('wh_1');

/** Each operation: what it needs, and what the API answers. Of the account only the tier is known by name. */
const OPERATIONS: Array<[string, object, object | undefined]> = [
  ['account/get', {}, { tier: 'growth' }],
  ['space/getAll', {}, page([named])],
  ['testimonial/create', create, testimonial()],
  ['testimonial/get', { testimonialId }, testimonial()],
  ['testimonial/getAll', {}, page([testimonial()])],
  ['testimonial/update', { testimonialId, updateFields: { rating: 5 } }, testimonial()],
  ['wall/getAll', {}, page([named])],
  ['webhook/create', { url: 'https://example.com/', events: ['testimonial.created'] }, endpoint({ secret: 'whsec_x' })],
  ['webhook/delete', { webhookId }, undefined],
  ['webhook/get', { webhookId }, endpoint()],
  ['webhook/getAll', {}, page([endpoint()])],
  ['webhook/update', { webhookId, updateFields: { status: 'active' } }, endpoint()],
];

test('there is one for each operation', () => {
  expect(Object.keys(previews).sort()).toEqual(OPERATIONS.map(([name]) => `v1.0.0/${name}`));
});

test.each(OPERATIONS)('%s gives what its preview shows', async (name, parameters, answer) => {
  const [resource, operation] = name.split('/');
  for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) nock(BASE_URL).intercept(/.*/, method).optionally().reply(200, answer);
  const { items } = await runTestivora({ resource, operation, ...parameters });
  expect(previewFor(items[0].json)).toEqual(previews[`v1.0.0/${name}`]);
});
