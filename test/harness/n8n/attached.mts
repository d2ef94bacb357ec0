/**
 * `node attached.mts <script> [arguments]` runs a script, and kills it with all processes that it started as soon as its launcher is gone:
 * the launcher holds the other end of the pipe at descriptor 3. The launcher starts this process as the leader of a process group.
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
