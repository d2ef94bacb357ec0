/** The value below which the share `q` (0 to 1) of the numbers lies. */
export function quantile(numbers: number[], q: number): number {
	const sorted = [...numbers].sort((one, other) => one - other);
	const at = q * (sorted.length - 1);
	const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
	return low + (high - low) * (at % 1);
}

export const median = (numbers: number[]): number => quantile(numbers, 0.5);

/** A dash for what is not known on every system: memory and the processor's time. */
export const orNothing = (number: number, written: (number: number) => string): string =>
	Number.isNaN(number) ? '–' : written(number);
