/** A community package whose trigger does nothing with a delivery: what n8n itself costs, whatever the trigger. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { run } from '../test/harness/command.mts';

export const NOTHING = 'n8n-nodes-nothing.nothingTrigger';

const MANIFEST = {
	name: 'n8n-nodes-nothing',
	version: '1.0.0',
	keywords: ['n8n-community-node-package'],
	n8n: { n8nNodesApiVersion: 1, nodes: ['NothingTrigger.node.js'] },
};

const NODE = `
exports.NothingTrigger = class {
  description = {
    displayName: 'Nothing Trigger',
    name: 'nothingTrigger',
    group: ['trigger'],
    version: [1, 1.1],
    description: 'Does nothing',
    defaults: { name: 'Nothing Trigger' },
    inputs: [],
    outputs: ['main'],
    credentials: [{ name: 'testivoraApi' }],
    webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' }],
    properties: [],
  };

  async webhook() {
    return { workflowData: [[{ json: this.getBodyData() }]] };
  }
};
`;

/** Makes the package. @returns the path of its tarball */
export async function packNothing(): Promise<string> {
	const folder = resolve('.run/nothing');
	await mkdir(join(folder, 'package'), { recursive: true });
	await writeFile(join(folder, 'package/package.json'), JSON.stringify(MANIFEST));
	await writeFile(join(folder, 'package/NothingTrigger.node.js'), NODE);
	const tarball = `${folder}.tgz`;
	await run('tar', ['-czf', tarball, '-C', folder, 'package']);
	return tarball;
}
