/**
 * `node --expose-gc loadPackage.mts <n8n> <package>` loads an installed community package with n8n's own loader, in a process that has loaded
 * n8n's modules. Prints as JSON how many milliseconds this takes, how many bytes of heap stay in use, and how many nodes were loaded.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [n8n, folder] = process.argv.slice(2);
const require = createRequire(join(n8n, 'package.json'));
require('n8n-workflow');
require('zod');
const { PackageDirectoryLoader } = require('n8n-core') as typeof import('n8n-core');

const heap = () => {
	for (let times = 0; times < 3; times++) globalThis.gc!();
	return process.memoryUsage().heapUsed;
};
const before = heap();
const since = performance.now();
const loader = new PackageDirectoryLoader(folder);
await loader.loadAll();
const ms = performance.now() - since;
console.log(JSON.stringify({ ms, kept: heap() - before, nodes: loader.loadedNodes.length }));
