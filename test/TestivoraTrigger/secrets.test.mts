import { deriveSecret, isSecret } from '../../nodes/TestivoraTrigger/secrets.ts';
import { API_KEY } from '../helpers/webhook.mts';

const NAME = 'webhook/6b1a/webhook';

test('the derived secret never changes: published workflows depend on it', () => {
	expect(deriveSecret(API_KEY, NAME)).toBe('whsec_0BxM40YvkxWO+sF+ls4u4cvcTJxe81Gz/awDpF8BvF8=');
});

test('it has the form that the API takes, and does not contain the key', () => {
	const secret = deriveSecret(API_KEY, NAME)!;
	expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
	expect(Buffer.from(secret.slice(6), 'base64').toString('latin1')).not.toContain(
		API_KEY.slice(8, 16),
	);
});

test('another key or webhook has another secret; white space around the key does not matter', () => {
	const secrets = [
		deriveSecret(API_KEY, NAME),
		deriveSecret(`${API_KEY}x`, NAME),
		deriveSecret(API_KEY, `${NAME}x`),
	];
	expect(new Set(secrets).size).toBe(3);
	expect(deriveSecret(` ${API_KEY}\n`, NAME)).toBe(secrets[0]);
});

test.each(['', '  ', undefined, null])(
	'the API key %j gives none, since anyone could derive it',
	(apiKey) => {
		expect(deriveSecret(apiKey, NAME)).toBeUndefined();
	},
);

test.each([
	'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
	`whsec_${'ABCDEFGHIJK'.repeat(4).slice(0, 43)}=`,
	'whsec_url-safe_base64_0123',
])('%s is a secret', (secret) => {
	expect(isSecret(secret)).toBe(true);
});

test.each([
	'whsec_****',
	'whsec_••••••••••••••••••••',
	'whsec_',
	'whsec_short',
	'whsec_AAAAAAAAAAAAAAAAAAAA****',
	'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
	'',
	null,
	undefined,
	5,
	{},
])('%j is not a secret', (value) => expect(isSecret(value)).toBe(false));
