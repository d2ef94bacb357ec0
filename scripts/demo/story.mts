/** The demo's output: numbered steps with facts below them; in colour only on a terminal. */
const paint = (code: number) => (text: string) =>
	process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);

/** Thrown out of a step when the person presses Ctrl-C. */
export class Interrupted extends Error {}

let steps = 0;
let current = '';

/** Rejects with `Interrupted` at the first Ctrl-C (or SIGTERM); the second ends the process as usual. */
export const interruption = new Promise<never>((_, reject) => {
	for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Interrupted()));
});
interruption.catch(() => {});

/** Begins a step. */
export function heading(title: string): void {
	current = title;
	console.log(`\n${bold(`${++steps}. ${title}`)}`);
}

/** Runs a step under its title, until it is done or the person interrupts. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
	heading(title);
	return await Promise.race([work(), interruption]);
}

/** Prints a fact and its details. */
export function showFact(what: string, ...details: string[]): void {
	console.log(`   ${green('✓')} ${what}`);
	for (const detail of details) console.log(`     ${dim(detail)}`);
}

/** Prints plain lines after an empty one. */
export function say(...lines: string[]): void {
	console.log(`\n${lines.join('\n')}`);
}

/** Prints the step that failed, and why. */
export function failed(error: unknown): void {
	console.error(
		`\n${red(`Failed in step ${steps}: ${current}`)}\n${(error as Error).message ?? error}`,
	);
}
