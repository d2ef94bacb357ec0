/**
 * `node attached.mts <script> [arguments]` runs a script that ends, with all it started, as soon as its launcher is gone, however that
 * ended: the launcher holds the other end of the pipe at descriptor 3. The launcher makes this process the leader of a group of its own.
 */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';

const launcher = new Socket({ fd: 3 });
launcher.on('error', () => {});
launcher.on('close', () => process.kill(-process.pid, 'SIGKILL'));
launcher.resume();
launcher.unref();

process.argv.splice(1, 1);
createRequire(process.argv[1])(process.argv[1]);
