import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Tells whether a delivery is from Testivora. Assumption A2: which header carries the signature, and what is signed, is not published, so
 * both schemes that use `whsec_…` secrets are accepted, distinguished by their headers. SCHEMES is the only place that names headers.
 */

/** The headers of a delivery; a value is a list where a header came more than once. */
export type Headers = Record<string, string | string[] | undefined>;

/** Why a delivery has no signature that could be verified. */
export type Unreadable = 'unsigned' | 'malformed' | 'stale';

/** A parsed signature: what was signed, when, and the MACs, any one of which is enough. */
export interface Signed {
	/** Unix seconds. */
	timestamp: number;
	/** Comes before the body in the signed bytes. */
	prefix: string;
	macs: Buffer[];
	/** The part of a secret that is the key, and its encoding. As text, because Node is several times slower with a key in a Buffer. */
	keyOf: (secret: string) => string;
	encoding: 'utf8' | 'base64';
}

type Parse = (headers: Headers) => Signed | 'unsigned' | 'malformed';

const SECRET_PREFIX = 'whsec_';
const MAC_BYTES = 32;
/** A rotation needs two. More would let a forged delivery cost many comparisons. */
const MAX_MACS = 16;

/** `t=<unix seconds>,v1=<hex mac>[,v1=…]` over `<t>.<body>`; the whole secret is the key. */
const timestamped =
	(header: string): Parse =>
	(headers) => {
		const value = headers[header];
		if (value === undefined) return 'unsigned';
		if (typeof value !== 'string') return 'malformed';
		const fields = value.split(',').map((field) => field.trim());
		const times = valuesOf(fields, 't=');
		// With more than one time it is unknown which of them was signed.
		if (times.length !== 1) return 'malformed';
		const macs = valuesOf(fields, 'v1=').filter((mac) => mac.length === 2 * MAC_BYTES);
		return signed(times[0], `${times[0]}.`, macsOf(macs, 'hex'), (secret) => secret, 'utf8');
	};

/** Standard Webhooks 1.0: `v1,<base64 mac> …` over `<id>.<timestamp>.<body>`; the key is the secret's base64 part, decoded. */
const standard =
	(family: string): Parse =>
	(headers) => {
		const id = headers[`${family}-id`];
		const time = headers[`${family}-timestamp`];
		const value = headers[`${family}-signature`];
		if (value === undefined) return 'unsigned';
		if (typeof id !== 'string' || typeof time !== 'string' || typeof value !== 'string')
			return 'malformed';
		return signed(
			time,
			`${id}.${time}.`,
			macsOf(valuesOf(value.split(' '), 'v1,'), 'base64'),
			withoutPrefix,
			'base64',
		);
	};

const SCHEMES: Parse[] = [
	timestamped('testivora-signature'),
	timestamped('x-testivora-signature'),
	standard('webhook'),
	standard('svix'),
];

/**
 * Reads a delivery's signatures and drops those whose time is too far from now, for which no secret is needed.
 *
 * @param headers names in lower case, as Node gives them
 * @param now unix seconds
 * @param tolerance how many seconds the signed time may be from now, either way
 * @returns at least one signature, for {@link findSecret}; or what is wrong with the first scheme that is present
 */
export function readSignatures(
	headers: Headers,
	now: number,
	tolerance: number,
): Signed[] | Unreadable {
	const read = SCHEMES.map((parse) => parse(headers)).filter((signed) => signed !== 'unsigned');
	const whole = read.filter((signed) => signed !== 'malformed');
	// Not written as "> tolerance", so that NaN counts as stale.
	const fresh = whole.filter(({ timestamp }) => Math.abs(now - timestamp) <= tolerance);
	if (fresh.length > 0) return fresh;
	if (read.length === 0) return 'unsigned';
	return read[0] === 'malformed' ? 'malformed' : 'stale';
}

/**
 * Finds the secret with which any one of the signatures was made over exactly these bytes.
 *
 * @param body the raw bytes as they arrived
 * @param secrets `whsec_…`
 * @returns undefined where there is none
 */
export function findSecret(
	signatures: Signed[],
	body: Buffer,
	secrets: string[],
): string | undefined {
	return secrets
		.filter(isUsable)
		.find((secret) => signatures.some((signature) => isMadeWith(secret, signature, body)));
}

/**
 * Whether a text can be a signing secret. With an empty one, or with the mask that a page shows in its place, anyone could sign; and an
 * API key is none.
 */
export function isUsable(secret: string): boolean {
	return !secret.startsWith('tv_') && !/^$|[*•●…·]|\.{2}|x{8}/i.test(withoutPrefix(secret));
}

function withoutPrefix(secret: string): string {
	return secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
}

function isMadeWith(
	secret: string,
	{ prefix, macs, keyOf, encoding }: Signed,
	body: Buffer,
): boolean {
	const key = keyOf(secret);
	// Invalid base64 decodes to an empty key, with which anyone could sign.
	if (Buffer.from(key, encoding).length === 0) return false;
	const expected = createHmac('sha256', key, { encoding }).update(prefix).update(body).digest();
	return macs.some((mac) => timingSafeEqual(mac, expected));
}

function signed(
	time: string | undefined,
	prefix: string,
	macs: Buffer[],
	keyOf: Signed['keyOf'],
	encoding: Signed['encoding'],
): Signed | 'malformed' {
	if (!time || !/^\d{1,12}$/.test(time) || macs.length === 0) return 'malformed';
	return { timestamp: Number(time), prefix, macs: macs.slice(0, MAX_MACS), keyOf, encoding };
}

/** The entries that have a prefix, without it. */
function valuesOf(entries: string[], prefix: string): string[] {
	return entries
		.filter((entry) => entry.startsWith(prefix))
		.map((entry) => entry.slice(prefix.length));
}

/** Decodes MACs and drops incomplete ones: Node stops decoding at the first invalid character. */
function macsOf(texts: string[], encoding: 'hex' | 'base64'): Buffer[] {
	return texts.map((text) => Buffer.from(text, encoding)).filter((mac) => mac.length === MAC_BYTES);
}
