/**
 * `node --import countIsolates.mts …` appends one byte to the file that ISOLATES names for each isolate that the process builds. n8n builds
 * one to evaluate expressions in, for a delivery or an execution, and says so nowhere.
 */
import { appendFileSync } from 'node:fs';
import Module from 'node:module';

/** Node's own loader of CommonJS modules: n8n asks it for isolated-vm when it needs its first isolate. */
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const load = loader._load;

loader._load = function (request, ...rest) {
	const loaded = load.call(this, request, ...rest);
	return request === 'isolated-vm' ? counting(loaded as { Isolate: new () => object }) : loaded;
};

function counting(isolatedVm: { Isolate: new () => object }): object {
	const Isolate = new Proxy(isolatedVm.Isolate, {
		construct(...how) {
			appendFileSync(process.env.ISOLATES!, '.');
			return Reflect.construct(...how);
		},
	});
	// Its other classes are not enumerable, so a copy would lack them.
	return Object.create(isolatedVm, { Isolate: { value: Isolate } });
}
