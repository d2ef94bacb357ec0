/** The quantile `q` (0 to 1) of numbers, interpolated between the two nearest. */
export function quantile(numbers: number[], q: number): number {
	const sorted = [...numbers].sort((one, other) => one - other);
	const at = q * (sorted.length - 1);
	const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
	return low + (high - low) * (at % 1);
}

export const median = (numbers: number[]): number => quantile(numbers, 0.5);

/** A number as a table shows it; a dash for NaN, as some systems do not tell memory and CPU time. */
export const orDash = (number: number, format: (number: number) => string): string =>
	Number.isNaN(number) ? '–' : format(number);
