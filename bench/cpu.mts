import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Ticks in a second of the processor's time, as /proc counts it. */
const TICKS =
	process.platform === 'linux'
		? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
		: NaN;

/** Milliseconds of the processor's time that processes have used so far, user and system, in all their threads; NaN where the system has no /proc. */
export function cpuOf(pids: number[]): number {
	return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * (1000 / TICKS);
}

function ticksOf(pid: number): number {
	if (process.platform !== 'linux') return NaN;
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	// The fields after the name, which may hold spaces: proc(5) counts utime as 14 and stime as 15, and the name as 2.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return Number(fields[11]) + Number(fields[12]);
}
