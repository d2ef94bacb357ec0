import { readFileSync, writeFileSync } from 'node:fs';

const MB = 2 ** 20;

/** Memory that a process holds now, in MB; NaN where the system has no /proc. */
export const heldBy = (pid: number): number => field(pid, 'VmRSS');

/** The most that it has held since {@link forgetPeak}, in MB; NaN where the system has no /proc. */
export const peakOf = (pid: number): number => field(pid, 'VmHWM');

/** Begins a new measurement of the peak. */
export function forgetPeak(pid: number): void {
	if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function field(pid: number, name: string): number {
	if (process.platform !== 'linux') return NaN;
	const [, kilobytes] =
		readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm')) ??
		[];
	return (Number(kilobytes) * 1024) / MB;
}
