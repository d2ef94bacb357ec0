import '../helpers/clock.mts';

import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { API_KEY, BASE_URL, runTestivora } from '../helpers/engine.mts';
import { refusal } from '../helpers/fixtures.mts';
import { OPERATIONS } from '../helpers/operations.mts';

answerWithNock();

/** The error types in the API's reference, and one that is not in it. Those that are retried are tested in test/shared/api.test.mts. */
const REFUSALS: Array<[number, string]> = [
	[400, 'missing_parameter'],
	[400, 'invalid_json'],
	[401, 'unauthorized'],
	[401, 'invalid_api_key'],
	[402, 'quota_exceeded'],
	[403, 'plan_required'],
	[403, 'insufficient_scope'],
	[404, 'not_found'],
	[422, 'invalid_text'],
	[422, 'invalid_status'],
	[422, 'invalid_rating'],
	[422, 'invalid_author'],
	[418, 'something_new'],
];

/** Bodies that are not JSON: a truncated one, and a page from another server. */
const NO_JSON = ['{"id": "tst_1", "te', '<html>Log in</html>'];

/** Bodies that are no answer to an operation. A deletion has none, and of the account no field is required. */
function unreadableFor(operation: string): string[] {
	if (operation === 'webhook/delete') return NO_JSON;
	return [
		...NO_JSON,
		'null',
		'[]',
		'"text"',
		'',
		...(operation === 'account/get' ? [] : ['{"data": 7}']),
	];
}

const answerEverything = (status: number, body: object | string) => {
	for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
		nock(BASE_URL).intercept(/.*/, method).optionally().reply(status, body);
};

describe.each(OPERATIONS)('%s', (name, parameters) => {
	const [resource, operation] = name.split('/');
	const run = async () => await runTestivora({ resource, operation, ...parameters });

	test.each(REFUSALS)(
		'%i %s gives a message that says what to do, without secrets that the API repeats',
		async (status, type) => {
			answerEverything(status, refusal(type, `Said with ${API_KEY} and whsec_c2VjcmV0c2VjcmV0`));
			const { error, items } = await run();
			expect(items).toEqual([]);
			expect(error).toMatchObject({
				message: expect.stringMatching(/Testivora|API/),
				description: expect.stringMatching(/\w+\./),
			});
			expect(`${error?.message} ${error?.description}`).not.toMatch(/k{32}|c2VjcmV0/);
		},
	);

	test.each(unreadableFor(name))('the answer "%s" is reported as unreadable', async (body) => {
		answerEverything(200, body);
		const { error, items } = await run();
		expect(items).toEqual([]);
		expect(error?.message).toMatch(/^Testivora sent an answer that could not be read: /);
	});
});
