/**
 * Why Testivora cannot deliver to a webhook URL; undefined where the address allows it.
 *
 * Judges by the address alone. Whether it really leads to this n8n shows only when a delivery arrives.
 *
 * @param webhookUrl as n8n gives it
 * @returns the end of a sentence that begins "the webhook URL …"
 */
export function whyUnreachable(webhookUrl: string): string | undefined {
	if (!URL.canParse(webhookUrl)) return 'is not a web address';
	const { protocol, hostname } = new URL(webhookUrl);
	// Checked before the protocol, because a user with localhost needs another address rather than a certificate.
	if (isLocalName(hostname) || isPrivateIPv4(hostname) || isPrivateIPv6(hostname)) {
		return `leads to ${hostname}, which only your own network can reach`;
	}
	if (protocol !== 'https:') return 'begins with http://, and Testivora delivers to https:// only';
	return undefined;
}

function isLocalName(hostname: string): boolean {
	const name = hostname.replace(/\.$/, '');
	const isName = !name.startsWith('[') && !/^[\d.]+$/.test(name);
	return (
		isName && (!name.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name))
	);
}

/** @param hostname of a URL, which writes IPv4 addresses in dotted decimal form whatever form they were given in */
function isPrivateIPv4(hostname: string): boolean {
	const match = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(hostname);
	if (!match) return false;
	const [a, b] = [Number(match[1]), Number(match[2])];
	return (
		a === 0 ||
		a === 10 ||
		a === 127 ||
		a >= 224 ||
		(a === 100 && b >= 64 && b < 128) ||
		(a === 169 && b === 254) ||
		(a === 172 && b >= 16 && b < 32) ||
		(a === 192 && b === 168)
	);
}

function isPrivateIPv6(hostname: string): boolean {
	if (!hostname.startsWith('[')) return false;
	const address = hostname.slice(1, -1);
	const mapped = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
	if (mapped) {
		const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
		return isPrivateIPv4([high >> 8, high & 255, low >> 8, low & 255].join('.'));
	}
	return address === '::' || address === '::1' || /^(f[cd]|fe[89ab]|ff)/.test(address);
}

/**
 * Whether two web addresses are the same, apart from how a server may normalize them: the case of the host, a default port, a slash at the
 * end.
 *
 * @param one as an API gave it, so it may be anything
 */
export function isSameUrl(one: unknown, other: string): boolean {
	return (
		typeof one === 'string' &&
		(one === other ||
			(URL.canParse(one) && URL.canParse(other) && normalized(one) === normalized(other)))
	);
}

function normalized(address: string): string {
	const { origin, pathname, search } = new URL(address);
	return origin + pathname.replace(/\/+$/, '') + search;
}
