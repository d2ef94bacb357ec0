import { whyUnreachable } from '../../nodes/TestivoraTrigger/webhookUrl.ts';

const LOCAL = [
	'localhost',
	'localhost.',
	'LOCALHOST',
	'n8n.localhost',
	'n8n',
	'host.docker.internal',
	'n8n.local',
	'box.lan',
	'box.home.arpa',
	'n8n.default.svc.cluster.local',
];

const PRIVATE_IPV4 = [
	'0.0.0.0',
	'10.0.0.1',
	'10.255.255.255',
	'100.64.0.1',
	'100.127.255.255',
	'127.0.0.1',
	'127.255.255.254',
	'169.254.169.254',
	'172.16.0.1',
	'172.31.255.255',
	'192.168.0.1',
	'224.0.0.1',
	'255.255.255.255',
];

/** Unusual spellings of 127.0.0.1 and 10.0.0.1, which URL normalizes. */
const DISGUISED = [
	'2130706433',
	'0x7f000001',
	'0x7f.0.0.1',
	'0177.0.0.1',
	'127.1',
	'10.1',
	'167772161',
	'127.0.0.1.',
];

const PRIVATE_IPV6 = [
	'[::]',
	'[::1]',
	'[0:0:0:0:0:0:0:1]',
	'[fc00::1]',
	'[fdff::1]',
	'[fe80::1]',
	'[febf::1]',
	'[ff02::1]',
	'[::ffff:127.0.0.1]',
	'[::ffff:10.0.0.1]',
	'[::ffff:c0a8:1]',
	'[::127.0.0.1]',
];

const PUBLIC = [
	'n8n.example.com',
	'example.com.',
	'localhost.example.com',
	'local.host',
	'internal.example.com',
	'10.example.com',
	'9.255.255.255',
	'11.0.0.1',
	'100.63.255.255',
	'100.128.0.1',
	'126.255.255.255',
	'128.0.0.1',
	'169.253.0.1',
	'172.15.255.255',
	'172.32.0.1',
	'192.167.255.255',
	'192.169.0.1',
	'223.255.255.255',
	'[2606:4700::1111]',
	'[::ffff:8.8.8.8]',
	'abc.ngrok-free.app',
	'bücher.example',
];

test.each([...LOCAL, ...PRIVATE_IPV4, ...DISGUISED, ...PRIVATE_IPV6])(
	'%s cannot be reached',
	(host) => {
		for (const address of [`https://${host}/webhook/1`, `http://${host}:5678/webhook/1`]) {
			expect(whyUnreachable(address)).toMatch(
				/^leads to .+, which only your own network can reach$/,
			);
		}
	},
);

test.each(PUBLIC)('%s may be reached, under https', (host) => {
	expect(whyUnreachable(`https://${host}/webhook/1`)).toBeUndefined();
	expect(whyUnreachable(`https://${host}:8443/n8n/webhook/1`)).toBeUndefined();
	expect(whyUnreachable(`http://${host}/webhook/1`)).toBe(
		'begins with http://, and Testivora delivers to https:// only',
	);
});

test.each(['', 'n8n.example.com/webhook', 'https://', 'https://[::1', 'not a url'])(
	'%j is no address',
	(text) => {
		expect(whyUnreachable(text)).toBe('is not a web address');
	},
);
