/** Called with the current phase of long work and the seconds since its start: when a phase begins, and every second. */
export type OnProgress = (phase: string, seconds: number) => void;

/** Shows progress on standard error: on a terminal one line that is rewritten, otherwise a line when a phase begins and every 20 s. */
export function showProgress(): OnProgress {
	let shown = '';
	let shownAt = 0;
	return (phase, seconds) => {
		const line = `  ${phase} (${Math.round(seconds)} s)`;
		if (process.stderr.isTTY) {
			process.stderr.write(`\r\x1b[K${line}`);
		} else if (phase !== shown || seconds - shownAt >= 20) {
			process.stderr.write(`${line}\n`);
			shownAt = seconds;
		}
		shown = phase;
	};
}

/** Clears the line that `showProgress` rewrites on a terminal. */
export function endProgress(): void {
	if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

/** Reports `phase` now and each second until `work` settles. `since` is the time (ms) from which seconds count. */
export async function during<T>(
	onProgress: OnProgress | undefined,
	phase: string,
	since: number,
	work: () => Promise<T>,
): Promise<T> {
	const report = () => onProgress?.(phase, (Date.now() - since) / 1000);
	report();
	const ticker = setInterval(report, 1000);
	try {
		return await work();
	} finally {
		clearInterval(ticker);
	}
}
