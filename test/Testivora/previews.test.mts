import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { OPERATIONS } from '../helpers/operations.mts';
import { previewFor, previewsOf } from '../helpers/previews.mts';

answerWithNock();

const previews = previewsOf('Testivora');
test('each operation has a preview', () => {
	expect(Object.keys(previews).sort()).toEqual(OPERATIONS.map(([name]) => `v1.0.0/${name}`));
});

test.each(OPERATIONS)(
	'%s has the output that its preview shows',
	async (name, parameters, answer) => {
		const [resource, operation] = name.split('/');
		for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
			nock(BASE_URL).intercept(/.*/, method).optionally().reply(200, answer).persist();
		const { items } = await runTestivora({ resource, operation, ...parameters });
		expect(previewFor(items[0].json)).toEqual(previews[`v1.0.0/${name}`]);
	},
);
