import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { INode } from 'n8n-workflow';

import {
	apiError,
	hasStatus,
	inputError,
	isGone,
	isOutcomeUnknown,
	isTransient,
	isWebhookApiMissing,
} from '../../nodes/shared/errors.ts';
import { neverArrived } from '../../nodes/shared/fault.ts';
import { checkInput } from '../../nodes/shared/input.ts';
import { redact } from '../../nodes/shared/redact.ts';
import { textInput } from '../../nodes/Testivora/resources/inputs.ts';

const node = { name: 'Testivora', type: 'n8n-nodes-testivora.testivora' } as INode;
const fault = (status?: number, type?: string, more = {}) =>
	apiError(node, { request: 'GET /v1/x', status, type, ...more });

test.each([
	[400, 'missing_parameter', 'Testivora did not accept this: said'],
	[400, 'invalid_json', 'Testivora did not accept this: said'],
	[401, 'unauthorized', 'Testivora did not get an API key with the request'],
	[401, 'invalid_api_key', 'Testivora does not know this API key, or it was revoked'],
	[401, undefined, 'Testivora does not know this API key, or it was revoked'],
	[402, 'quota_exceeded', 'The monthly quota of your Testivora plan is used up'],
	[403, 'plan_required', 'Your Testivora plan does not include the API'],
	[403, 'insufficient_scope', 'This API key may not read'],
	[403, 'suspended', 'Testivora does not allow this with this API key'],
	[403, undefined, 'Testivora does not allow this with this API key'],
	[404, 'not_found', 'Testivora has nothing with this ID in your account'],
	[
		404,
		undefined,
		'No Testivora API at this Base URL. Open the Testivora credential and set Base URL to https://api.testivora.com, unless you were given another one',
	],
	[422, 'invalid_text', 'Testivora did not accept this: said'],
	[422, 'constructor', 'Testivora did not accept this: said'],
	[429, 'rate_limited', 'Testivora is receiving too many requests with this API key'],
	[
		405,
		undefined,
		'No Testivora API at this Base URL. Open the Testivora credential and set Base URL to https://api.testivora.com, unless you were given another one',
	],
	[405, 'method_not_allowed', 'Testivora did not accept this: said'],
	[503, undefined, 'Testivora is not working at the moment (503)'],
])('%i %s', (status, type, message) => {
	const error = fault(status, type, { message: 'said' });
	expect(error).toBeInstanceOf(NodeApiError);
	expect(error).toMatchObject({
		message,
		httpCode: String(status),
		context: { type },
	});
	expect(error.description).toBeTruthy();
	expect(`${error.message} ${error.description}`).not.toMatch(
		/\b(error|problem|failure|mistake)\b/i,
	);
});

test.each([
	[undefined, 'Wait a minute and'],
	['30', 'Wait a minute and'],
	['7200', 'Wait 120 minutes and'],
])('too many requests, Retry-After %p: %s', (retryAfter, advice) => {
	expect(fault(429, 'rate_limited', { retryAfter }).description).toContain(advice);
});

test('a create that was answered with 408 may have been carried out', () => {
	const { description } = fault(408, undefined, { request: 'POST /v1/testimonials' });
	expect(description).toContain('may have been created');
});

test('the quota message has figures when the API gives them', () => {
	expect(fault(402, 'quota_exceeded', { details: { used: 9, limit: 9 } }).message).toContain(
		'used up (9 of 9)',
	);
	expect(fault(402, 'quota_exceeded', { details: { used: 'x' } }).message).toMatch(/used up$/);
});

test.each(['POST', 'PATCH', 'DELETE'])('without the scope write, %s may not be sent', (method) => {
	expect(
		apiError(node, { request: `${method} /v1/x`, status: 403, type: 'insufficient_scope' }).message,
	).toBe('This API key may only read');
});

test('a network error has its code', () => {
	expect(fault(undefined, undefined, { code: 'ENOTFOUND' })).toMatchObject({
		message: 'Testivora could not be found under that address',
		httpCode: 'ENOTFOUND',
	});
	expect(fault(undefined, undefined, { message: 'odd' }).message).toBe(
		'Testivora could not be reached (odd)',
	);
});

test('the API’s own text ends a sentence of ours', () => {
	expect(fault(503, undefined, { message: 'Down.' }).description).toBe(
		'GET /v1/x was answered with 503: Down. Try again in a few minutes.',
	);
	expect(fault(401, 'invalid_api_key', { message: 'No such key.' }).description).toMatch(
		/test it\. Testivora says: No such key\.$/,
	);
	expect(fault(422, 'invalid_url', { message: 'Not this one!' }).message).toBe(
		'Testivora did not accept this: Not this one',
	);
});

test.each([
	[{ code: 'ECONNRESET' }, true],
	[{ code: 'ETIMEDOUT' }, true],
	[{ status: 502 }, true],
	[{ status: 200, message: 'it is not JSON' }, true],
	[{ code: 'ECONNREFUSED' }, false],
	[{ status: 422 }, false],
])('after %j the error of a create says that it may have happened: %s', (how, said) => {
	const { description } = apiError(node, { request: 'POST /v1/x', ...how });
	expect(description!.includes('It may have been created all the same')).toBe(said);
	expect(apiError(node, { request: 'GET /v1/x', ...how }).description).not.toContain('created');
});

test('transient errors', () => {
	for (const status of [500, 502, 503, 504, 429, 408, 425])
		expect(isTransient(fault(status))).toBe(true);
	for (const status of [200, 302, 400, 401, 402, 403, 404, 405, 422, 501])
		expect(isTransient(fault(status))).toBe(false);
	expect(isTransient(fault())).toBe(true);
	expect(isTransient(new Error('bug'))).toBe(false);
});

test.each([
	[503, undefined, true],
	[undefined, undefined, true],
	[200, undefined, true],
	[204, undefined, true],
	[302, undefined, false],
	[404, 'not_found', false],
	[422, 'invalid_text', false],
])('after %s %s the outcome is unknown: %s', (status, type, expected) =>
	expect(isOutcomeUnknown(fault(status, type))).toBe(expected),
);

test.each([
	[404, 'not_found', { gone: true, missing: true }],
	[405, 'method_not_allowed', { gone: false, missing: true }],
	[410, 'gone', { gone: true, missing: false }],
	[501, undefined, { gone: false, missing: true }],
	[404, undefined, { gone: false, missing: false }],
	[405, undefined, { gone: false, missing: false }],
	[422, 'not_found', { gone: false, missing: false }],
])(
	'%i %s: whether the object is gone, or the webhook API is missing',
	(status, type, { gone, missing }) => {
		expect(isGone(fault(status, type))).toBe(gone);
		expect(isWebhookApiMissing(fault(status, type))).toBe(missing);
	},
);

test('other errors are no answers of the API', () => {
	for (const is of [isGone, isOutcomeUnknown, isTransient, isWebhookApiMissing])
		expect(is(new Error('404'))).toBe(false);
});

test('statuses are distinguished', () => {
	expect(hasStatus(fault(404), 404, 410)).toBe(true);
	expect(hasStatus(fault(500), 404, 410)).toBe(false);
	expect(hasStatus(new Error('404'), 404)).toBe(false);
});

test('the error of an input names its label and its item', () => {
	expect(checkInput(textInput, ' Hi ', 'Text', node, 0)).toBe('Hi');
	expect(() => checkInput(textInput, '', 'Text', node, 4)).toThrow(
		'Text must not be empty [item 5]',
	);
	expect(() => checkInput(textInput, '', 'Text', node)).toThrow(/^Text must not be empty$/);
	expect(inputError(node, 'No', 'Do', 1)).toBeInstanceOf(NodeOperationError);
});

test.each([
	['as they are', 'a tv_live_abc-1_2 b whsec_aB3+/=_- c'],
	['in a URL', 'a tv_live_abc-1_2 b whsec_aB3%2B%2f%3D_-tail c'],
])('keys and secrets are masked in texts, %s', (_form, text) => {
	expect(redact(text)).toBe('a tv_live_… b whsec_… c');
});

test.each([
	['ECONNREFUSED', undefined, true],
	['EHOSTUNREACH', 'connect EHOSTUNREACH 192.0.2.1:443', true],
	['ENETUNREACH', 'connect ENETUNREACH 192.0.2.1:443', true],
	['EHOSTUNREACH', 'read EHOSTUNREACH', false],
	['ENETUNREACH', 'write ENETUNREACH', false],
	['EHOSTUNREACH', undefined, false],
	['ECONNRESET', 'read ECONNRESET', false],
])('%s (%s) proves that a request never arrived: %s', (code, message, proves) => {
	expect(neverArrived({ request: 'POST /v1/testimonials', code, message })).toBe(proves);
});
