/**
 * `node --import countIsolates.mts …` appends one byte to the file that ISOLATES names for each V8 isolate that the process builds. n8n
 * evaluates expressions in isolates and logs nothing about them.
 */
import { appendFileSync } from 'node:fs';
import Module from 'node:module';

/** Node's loader of CommonJS modules, through which n8n loads isolated-vm. */
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
	// Not a copy: its other classes are not enumerable.
	return Object.create(isolatedVm, { Isolate: { value: Isolate } });
}
