import { createHmac } from 'node:crypto';

/** The signature schemes of assumption A2; `svix` is Standard Webhooks under its older header names. */
export type Scheme = 'timestamped' | 'standard' | 'svix';

export interface SignOptions {
	scheme?: Scheme;
	/** The event's id, which Standard Webhooks sends in a header and signs. */
	id?: string;
	/** Unix seconds; now when absent. */
	timestamp?: number;
}

/** The headers that sign a delivery's body. */
export function sign(
	body: string | Buffer,
	secret: string,
	options: SignOptions = {},
): Record<string, string> {
	const {
		scheme = 'timestamped',
		id = 'evt_unnamed',
		timestamp = Math.floor(Date.now() / 1000),
	} = options;
	if (scheme === 'timestamped') {
		const mac = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
		return { 'testivora-signature': `t=${timestamp},v1=${mac}` };
	}
	const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
	const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
	const family = scheme === 'svix' ? 'svix' : 'webhook';
	return {
		[`${family}-id`]: id,
		[`${family}-timestamp`]: String(timestamp),
		[`${family}-signature`]: `v1,${mac}`,
	};
}
