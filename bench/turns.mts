/**
 * Runs every task once in each round, in a random order: what slows the machine for a while slows all of them, and none always follows the
 * one that leaves most behind.
 *
 * @param warmUps rounds before the first that counts
 * @returns for each task what it gave in each round
 */
export async function takeTurns<T>(
	tasks: Array<() => Promise<T>>,
	rounds: number,
	warmUps = 0,
): Promise<T[][]> {
	const found: T[][] = tasks.map(() => []);
	for (let round = -warmUps; round < rounds; round++) {
		for (const index of shuffled([...tasks.keys()])) {
			const measured = await tasks[index]();
			if (round >= 0) found[index].push(measured);
		}
	}
	return found;
}

function shuffled<T>(all: T[]): T[] {
	const places = all.map((one) => ({ one, place: Math.random() }));
	return places.sort((a, b) => a.place - b.place).map(({ one }) => one);
}
