import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Is a delivery really from Testivora? Assumption A2: which header carries the signature, and what is signed, is not
 * published, so both schemes that use `whsec_…` secrets are accepted, told apart by their headers. To change that, change
 * SCHEMES; nothing else knows of headers.
 */

/** What a delivery's headers say; a value is a list where a header came more than once. */
export type Headers = Record<string, string | string[] | undefined>;

export type Verdict =
	| { verified: true }
	| { verified: false; why: 'unsigned' | 'malformed' | 'stale' | 'mismatch' | 'noSecret' };

/** A signature taken apart: what was signed, when, and the macs of which any one suffices. */
interface Signed {
	/** Unix seconds. */
	timestamp: number;
	/** Comes before the body in the signed bytes. */
	prefix: string;
	macs: Buffer[];
	/** What of a secret is the key, and how it is written. As text: Node takes several times as long over a key in a Buffer. */
	keyOf: (secret: string) => string;
	encoding: 'utf8' | 'base64';
}

type Parse = (headers: Headers) => Signed | 'unsigned' | 'malformed';

const SECRET_PREFIX = 'whsec_';
const MAC_BYTES = 32;
/** A rotation needs two; far more would only be work. */
const MOST_MACS = 16;

/** `t=<unix seconds>,v1=<hex mac>[,v1=…]` over `<t>.<body>`; the whole secret is the key. */
const timestamped =
	(header: string): Parse =>
	(headers) => {
		const value = headers[header];
		if (value === undefined) return 'unsigned';
		if (typeof value !== 'string') return 'malformed';
		const fields = value.split(',').map((field) => field.trim());
		const times = valuesOf(fields, 't=');
		// More than one time would leave open which of them was signed.
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
		if (typeof id !== 'string' || typeof time !== 'string' || typeof value !== 'string') return 'malformed';
		return signed(
			time,
			`${id}.${time}.`,
			macsOf(valuesOf(value.split(' '), 'v1,'), 'base64'),
			(secret) => (secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret),
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
 * Whether any signature of a delivery was made with any of the secrets, over exactly these bytes, just now.
 *
 * @param body the raw bytes as they arrived
 * @param headers names in lower case, as Node gives them
 * @param secrets `whsec_…`; none known means nothing is verified
 * @param now unix seconds
 * @param tolerance how many seconds the signed time may be from now, either way
 * @returns why not, where it is not; of several schemes in one delivery, the first that is present
 */
export function verify(
	body: Buffer,
	headers: Headers,
	secrets: string[],
	now: number,
	tolerance: number,
): Verdict {
	const usable = secrets.filter((secret) => secret.length > SECRET_PREFIX.length);
	if (usable.length === 0) return { verified: false, why: 'noSecret' };

	let why: 'unsigned' | 'malformed' | 'stale' | 'mismatch' = 'unsigned';
	for (const parse of SCHEMES) {
		const parsed = parse(headers);
		const verdict = typeof parsed === 'string' ? parsed : check(parsed, body, usable, now, tolerance);
		if (verdict === 'verified') return { verified: true };
		if (why === 'unsigned') why = verdict;
	}
	return { verified: false, why };
}

function check({ timestamp, prefix, macs, keyOf, encoding }: Signed, body: Buffer, secrets: string[], now: number, tolerance: number) {
	// Not the other way round: NaN must not pass.
	if (!(Math.abs(now - timestamp) <= tolerance)) return 'stale';
	for (const secret of secrets) {
		const key = keyOf(secret);
		// Nothing of it may be base64, and an empty key is one that everybody knows.
		if (Buffer.from(key, encoding).length === 0) continue;
		const expected = createHmac('sha256', key, { encoding }).update(prefix).update(body).digest();
		if (macs.some((mac) => timingSafeEqual(mac, expected))) return 'verified';
	}
	return 'mismatch';
}

function signed(
	time: string | undefined,
	prefix: string,
	macs: Buffer[],
	keyOf: Signed['keyOf'],
	encoding: Signed['encoding'],
): Signed | 'malformed' {
	if (!time || !/^\d{1,12}$/.test(time) || macs.length === 0) return 'malformed';
	return { timestamp: Number(time), prefix, macs: macs.slice(0, MOST_MACS), keyOf, encoding };
}

/** What follows a prefix in the entries that have it. */
function valuesOf(entries: string[], prefix: string): string[] {
	return entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
}

/** The macs that are whole: Node decodes a text as far as it can be read. */
function macsOf(texts: string[], encoding: 'hex' | 'base64'): Buffer[] {
	return texts.map((text) => Buffer.from(text, encoding)).filter((mac) => mac.length === MAC_BYTES);
}
