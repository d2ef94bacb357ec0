/** What running processes use, read from /proc; NaN on systems without it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const isLinux = process.platform === 'linux';

/** /proc counts CPU time in ticks. */
const MS_PER_TICK = isLinux
	? 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
	: NaN;

/** Milliseconds of CPU time that the processes have used so far: user and system time of all their threads. */
export function cpuOf(pids: number[]): number {
	return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * MS_PER_TICK;
}

function ticksOf(pid: number): number {
	if (!isLinux) return NaN;
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	// The name, field 2, may contain spaces, so count from its end. proc(5): utime is field 14, stime 15.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process, in MB. */
export const residentMemoryOf = (pid: number): number => statusInMb(pid, 'VmRSS');

/** The most resident memory that a process has had since {@link resetPeakMemory}, in MB. */
export const peakMemoryOf = (pid: number): number => statusInMb(pid, 'VmHWM');

export function resetPeakMemory(pid: number): void {
	if (isLinux) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function statusInMb(pid: number, field: string): number {
	if (!isLinux) return NaN;
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	const [, kilobytes] = status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm')) ?? [];
	return Number(kilobytes) / 1024;
}
