/** What the demo tells on the terminal: numbered steps, facts below them; colours only where a person looks on. */
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

/** Tells a step and does it, until it is done or the person interrupts. What fails inside is told by `failed` under this title. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
	heading(title);
	return await Promise.race([work(), interruption]);
}

/** A fact: what happened, and its details. */
export function tell(what: string, ...details: string[]): void {
	console.log(`   ${green('✓')} ${what}`);
	for (const detail of details) console.log(`     ${dim(detail)}`);
}

/** Plain lines, set off from the steps. */
export function say(...lines: string[]): void {
	console.log(`\n${lines.join('\n')}`);
}

/** Names the step that failed, and why. */
export function failed(error: unknown): void {
	console.error(
		`\n${red(`Failed in step ${steps}: ${current}`)}\n${(error as Error).message ?? error}`,
	);
}
