import crypto from 'node:crypto';

import fc from 'fast-check';

import { isUsable } from '../../nodes/TestivoraTrigger/signature.ts';
import type { Headers } from '../../nodes/TestivoraTrigger/signature.ts';
import { SECRET, judge as judgeAll } from '../helpers/webhook.mts';
import { sign } from '../sandbox/signature.mts';
import type { Scheme } from '../sandbox/signature.mts';

const NOW = 1_770_000_000;
const TOLERANCE = 300;
const OTHER = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const BODY = Buffer.from('{"id":"evt_1","text":"Cerré 3 clientes"}');
const SCHEMES: Scheme[] = ['timestamped', 'standard', 'svix'];

const signed = (
	scheme: Scheme,
	{ secret = SECRET, body = BODY as Buffer, timestamp = NOW, id = 'msg_1' } = {},
) => sign(body, secret, { scheme, timestamp, id });
const judge = (
	headers: Headers,
	{ body = BODY as Buffer, secrets = [SECRET], now = NOW, tolerance = TOLERANCE } = {},
) => judgeAll(body, headers, secrets, now, tolerance);
/** The value of a scheme's signature header, and the header's name. */
const macOf = (headers: Record<string, string>) =>
	Object.entries(headers).find(([name]) => name.endsWith('signature'))!;

describe('the vector that Standard Webhooks publishes', () => {
	const body = Buffer.from('{"test": 2432232314}');
	const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
	const mac = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
	const time = '1614265330';
	const now = Number(time);

	test.each(['webhook', 'svix'])('verifies under %s-…', (family) => {
		const headers = {
			[`${family}-id`]: id,
			[`${family}-timestamp`]: time,
			[`${family}-signature`]: mac,
		};
		expect(judge(headers, { body, now })).toBe('verified');
		expect(judge(headers, { body: Buffer.from('{"test": 2432232315}'), now })).toBe('mismatch');
	});

	test('does not verify with headers of both families mixed', () => {
		expect(
			judge({ 'svix-id': id, 'webhook-timestamp': time, 'webhook-signature': mac }, { body, now }),
		).toBe('malformed');
	});
});

describe.each(SCHEMES)('%s', (scheme) => {
	test('verifies what was signed with the secret', () =>
		expect(judge(signed(scheme))).toBe('verified'));

	test('refuses another secret, body or none at all', () => {
		expect(judge(signed(scheme, { secret: OTHER }))).toBe('mismatch');
		expect(judge(signed(scheme), { body: Buffer.concat([BODY, Buffer.from(' ')]) })).toBe(
			'mismatch',
		);
		expect(judge(signed(scheme), { body: Buffer.alloc(0) })).toBe('mismatch');
		expect(judge({})).toBe('unsigned');
	});

	test('verifies with any of several secrets, in whatever order', () => {
		expect(judge(signed(scheme), { secrets: [OTHER, SECRET] })).toBe('verified');
		expect(judge(signed(scheme), { secrets: [SECRET, OTHER] })).toBe('verified');
		expect(judge(signed(scheme), { secrets: [OTHER] })).toBe('mismatch');
	});

	test('verifies with any of several signatures', () => {
		const headers = signed(scheme);
		const [name, right] = macOf(headers);
		const [, wrong] = macOf(signed(scheme, { secret: OTHER }));
		const both =
			scheme === 'timestamped'
				? `${wrong},${right.split(',')[1]}`
				: `${wrong} v1a,ed25519 v2,${right.slice(3)} ${right}`;
		expect(judge({ ...headers, [name]: both })).toBe('verified');
		expect(judge({ ...headers, [name]: wrong })).toBe('mismatch');
	});

	test('looks at 16 signatures and no more', () => {
		const headers = signed(scheme);
		const [name, right] = macOf(headers);
		const [, wrong] = macOf(signed(scheme, { secret: OTHER }));
		const after = (count: number) =>
			scheme === 'timestamped'
				? [`t=${NOW}`, ...Array(count).fill(wrong.split(',')[1]), right.split(',')[1]].join(',')
				: [...Array(count).fill(wrong), right].join(' ');
		expect(judge({ ...headers, [name]: after(15) })).toBe('verified');
		expect(judge({ ...headers, [name]: after(16) })).toBe('mismatch');
	});

	test('ignores other versions of a signature', () => {
		const headers = signed(scheme);
		const [name, right] = macOf(headers);
		for (const version of ['v0', 'v1a', 'v2', 'V1']) {
			expect(judge({ ...headers, [name]: right.replace('v1', version) })).toBe('malformed');
		}
	});

	test.each([
		[-TOLERANCE, 'verified'],
		[TOLERANCE, 'verified'],
		[-TOLERANCE - 1, 'stale'],
		[TOLERANCE + 1, 'stale'],
	])('%d seconds from now: %s', (seconds, expected) => {
		expect(judge(signed(scheme, { timestamp: NOW + seconds }))).toBe(expected);
	});

	test.each([Number.NaN, undefined as unknown as number])(
		'a tolerance of %s lets nothing pass',
		(tolerance) => {
			expect(judgeAll(BODY, signed(scheme), [SECRET], NOW, tolerance)).toBe('stale');
		},
	);

	test.each(['1'.repeat(13), '-1', '1.5', '0x10', '1e9', '', ' ', 'NaN', 'Infinity', '１７７'])(
		'a time of %j cannot be read',
		(time) => {
			const headers: Headers = signed(scheme);
			if (scheme === 'timestamped')
				headers['testivora-signature'] = `t=${time},v1=${'0'.repeat(64)}`;
			else headers[scheme === 'svix' ? 'svix-timestamp' : 'webhook-timestamp'] = time;
			expect(judge(headers)).toBe('malformed');
		},
	);

	test.each([[[]], [['']], [['whsec_']], [['', 'whsec_', 'abc']]])(
		'no secret in %j is usable',
		(secrets) => {
			expect(judge(signed(scheme), { secrets })).toBe('mismatch');
		},
	);

	test('a header that came as a list is not read', () => {
		const headers = signed(scheme);
		for (const name of Object.keys(headers)) {
			expect(judge({ ...headers, [name]: [headers[name], headers[name]] })).toBe('malformed');
		}
	});
});

test('X-Testivora-Signature is read as Testivora-Signature is', () => {
	const { 'testivora-signature': signature } = signed('timestamped');
	expect(judge({ 'x-testivora-signature': signature })).toBe('verified');
	// A right one suffices, whatever stands in the other.
	expect(judge({ 'testivora-signature': 'nonsense', 'x-testivora-signature': signature })).toBe(
		'verified',
	);
});

test('spaces and the case of hex do not matter, its length does', () => {
	const { 'testivora-signature': signature } = signed('timestamped');
	const [time, mac] = signature.split(',');
	expect(judge({ 'testivora-signature': ` ${time} , ${mac} ` })).toBe('verified');
	expect(judge({ 'testivora-signature': `${time},v1=${mac.slice(3).toUpperCase()}` })).toBe(
		'verified',
	);
	expect(judge({ 'testivora-signature': `${time},${mac}0` })).toBe('malformed');
	expect(judge({ 'testivora-signature': `${time},${mac.slice(0, -1)}` })).toBe('malformed');
});

describe('headers that came twice, which Node joins', () => {
	test('with two times it is unknown which was signed', () => {
		const stale = signed('timestamped', { timestamp: NOW - 10_000 })['testivora-signature'];
		expect(judge({ 'testivora-signature': `${stale}, t=${NOW}` })).toBe('malformed');
		expect(judge({ 'testivora-signature': `t=${NOW}, ${stale}` })).toBe('malformed');
	});

	test('two IDs or times of Standard Webhooks are not those that were signed', () => {
		const headers = signed('standard');
		expect(judge({ ...headers, 'webhook-id': 'msg_1, msg_2' })).toBe('mismatch');
		expect(judge({ ...headers, 'webhook-timestamp': `${NOW}, ${NOW}` })).toBe('malformed');
	});
});

describe('a signature of one scheme does not verify under another', () => {
	test('an old MAC is not renewed by the time in the headers of the other scheme', () => {
		const old = signed('timestamped', { timestamp: NOW - 10_000 });
		expect(judge({ ...old, 'webhook-id': 'msg_1', 'webhook-timestamp': String(NOW) })).toBe(
			'stale',
		);
		const headers = { ...old, ...signed('standard', { secret: OTHER }) };
		expect(judge(headers)).toBe('mismatch');
	});

	test('a MAC in the other encoding does not match', () => {
		const hex = signed('timestamped')['testivora-signature'].split('v1=')[1];
		const base64 = signed('standard')['webhook-signature'].slice(3);
		const asBase64 = `v1,${Buffer.from(hex, 'hex').toString('base64')}`;
		expect(judge({ ...signed('standard'), 'webhook-signature': asBase64 })).toBe('mismatch');
		const asHex = `t=${NOW},v1=${Buffer.from(base64, 'base64').toString('hex')}`;
		expect(judge({ 'testivora-signature': asHex })).toBe('mismatch');
	});

	test('the time cannot be moved into the id or the body', () => {
		// The signed text "a.1770000000.<time>.<body>" can be cut at other dots.
		const headers = signed('standard', { id: `a.${NOW}`, timestamp: NOW - 10_000 });
		const cut = { ...headers, 'webhook-id': 'a', 'webhook-timestamp': String(NOW) };
		expect(judge(cut)).toBe('mismatch');
		// It does verify with the body that then was signed, and that is no event: JSON begins with no such number.
		const body = Buffer.concat([Buffer.from(`${NOW - 10_000}.`), BODY]);
		expect(judge(cut, { body })).toBe('verified');
		expect(() => JSON.parse(body.toString())).toThrow();
	});

	test('a secret that is not base64 verifies only under the scheme that uses it as text', () => {
		const secrets = ['whsec_!'];
		expect(judge(signed('timestamped', { secret: 'whsec_!' }), { secrets })).toBe('verified');
		expect(judge(signed('standard', { secret: 'whsec_!' }), { secrets })).toBe('mismatch');
	});
});

test('MACs are compared in constant time, so that the answer’s delay tells nothing of the right one', () => {
	const compare = jest.spyOn(crypto, 'timingSafeEqual');
	try {
		for (const scheme of SCHEMES) {
			compare.mockClear();
			expect(judge(signed(scheme, { secret: OTHER }))).toBe('mismatch');
			expect(compare).toHaveBeenCalledTimes(1);
		}
	} finally {
		compare.mockRestore();
	}
});

describe('properties', () => {
	const scheme = fc.constantFrom(...SCHEMES);
	const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array));
	const secret = fc
		.uint8Array({ minLength: 16, maxLength: 64 })
		.map((key) => `whsec_${Buffer.from(key).toString('base64')}`);
	const id = fc.stringMatching(/^[\w.-]{1,40}$/);
	const delivery = fc.record({
		scheme,
		body: bytes,
		secret,
		id,
		timestamp: fc.integer({ min: NOW - 300, max: NOW + 300 }),
	});
	const headersOf = ({ scheme: name, body, secret: key, ...rest }: Delivery) =>
		signed(name, { body, secret: key, ...rest });
	type Delivery = { scheme: Scheme; body: Buffer; secret: string; id: string; timestamp: number };

	const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
	const base64 = fc
		.uint8Array({ minLength: 32, maxLength: 32 })
		.map((mac) => Buffer.from(mac).toString('base64'));
	const time = fc.oneof(fc.integer({ min: NOW - 400, max: NOW + 400 }).map(String), fc.string());
	const value = fc.oneof(
		fc.string({ unit: 'binary', maxLength: 200 }),
		fc.array(fc.string()),
		time,
		fc.tuple(time, hex).map(([t, mac]) => `t=${t},v1=${mac}`),
		fc.array(base64, { maxLength: 3 }).map((macs) => macs.map((mac) => `v1,${mac}`).join(' ')),
	);
	const names = ['testivora-signature', 'x-testivora-signature'].concat(
		['webhook', 'svix'].flatMap((family) =>
			['id', 'timestamp', 'signature'].map((part) => `${family}-${part}`),
		),
	);
	const headers = fc.record(Object.fromEntries(names.map((name) => [name, value])), {
		requiredKeys: [],
	});

	test('nothing that was not signed verifies, and nothing throws', () => {
		fc.assert(
			fc.property(
				headers,
				bytes,
				fc.array(fc.oneof(secret, fc.string()), { maxLength: 3 }),
				fc.double(),
				(given, body, secrets, now) => {
					expect(judgeAll(body, given as Headers, secrets, now, TOLERANCE)).not.toBe('verified');
					expect(judgeAll(body, given as Headers, secrets, NOW, TOLERANCE)).not.toBe('verified');
				},
			),
			{ numRuns: 2_000 },
		);
	});

	test('what was signed verifies, whatever other headers there are', () => {
		fc.assert(
			fc.property(delivery, headers, (given, others) => {
				const own = headersOf(given);
				expect(judge(own, { body: given.body, secrets: [given.secret] })).toBe('verified');
				expect(
					judge(
						{ ...(others as Headers), ...own },
						{ body: given.body, secrets: [OTHER, given.secret] },
					),
				).toBe('verified');
			}),
			{ numRuns: 500 },
		);
	});

	/** Another byte at one place. */
	const changed = (whole: Buffer, place: number, by: number) => {
		const copy = Buffer.from(whole);
		copy[place % copy.length] ^= by;
		return copy;
	};
	const place = fc.nat(10_000);
	const by = fc.integer({ min: 1, max: 255 });

	test('any byte of the body changed: refused', () => {
		fc.assert(
			fc.property(delivery, place, by, (given, at, bits) => {
				fc.pre(given.body.length > 0);
				const headersGiven = headersOf(given);
				expect(
					judge(headersGiven, { body: changed(given.body, at, bits), secrets: [given.secret] }),
				).toBe('mismatch');
			}),
			{ numRuns: 500 },
		);
	});

	test('any byte of the mac changed: refused', () => {
		fc.assert(
			fc.property(delivery, place, by, (given, at, bits) => {
				const own = headersOf(given);
				const [name, text] = macOf(own);
				const [before, mac, encoding] =
					given.scheme === 'timestamped'
						? [text.slice(0, text.indexOf('v1=') + 3), text.split('v1=')[1], 'hex' as const]
						: ['v1,', text.slice(3), 'base64' as const];
				const wrong = changed(Buffer.from(mac, encoding), at, bits).toString(encoding);
				expect(
					judge({ ...own, [name]: before + wrong }, { body: given.body, secrets: [given.secret] }),
				).toBe('mismatch');
			}),
			{ numRuns: 500 },
		);
	});

	test('another time or id: refused', () => {
		fc.assert(
			fc.property(
				delivery,
				id,
				fc.integer({ min: NOW - 300, max: NOW + 300 }),
				(given, otherId, otherTime) => {
					const own = headersOf(given);
					const retimed = { ...own };
					if (otherTime !== given.timestamp) {
						for (const name of names) {
							if (name in own)
								retimed[name] = own[name].replace(String(given.timestamp), String(otherTime));
						}
						// An id that holds the time is signed as well, so that it fails either way.
						expect(judge(retimed, { body: given.body, secrets: [given.secret] })).toBe('mismatch');
					}
					fc.pre(given.scheme !== 'timestamped' && otherId !== given.id);
					const family = given.scheme === 'svix' ? 'svix' : 'webhook';
					expect(
						judge(
							{ ...own, [`${family}-id`]: otherId },
							{ body: given.body, secrets: [given.secret] },
						),
					).toBe('mismatch');
				},
			),
			{ numRuns: 500 },
		);
	});
});

test('a secret of which the key begins like an API key can be used', () => {
	expect(isUsable('whsec_tv_9f8eMfKQ9r8GKYqrTwjU')).toBe(true);
	expect(isUsable('tv_live_9f8eMfKQ9r8GKYqrTwjU')).toBe(false);
});
