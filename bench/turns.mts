/**
 * Runs every task once a round, in a new random order each round. So whatever slows the machine for a while slows all tasks alike, and no
 * task always runs after the same other one.
 *
 * @param tasks by name
 * @param warmUps rounds before the first one that counts
 * @returns by the task's name, its result in each round
 */
export async function takeTurns<Name extends string, T>(
	tasks: Record<Name, () => Promise<T>>,
	rounds: number,
	warmUps = 0,
): Promise<Record<Name, T[]>> {
	const names = Object.keys(tasks) as Name[];
	const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
		Name,
		T[]
	>;
	for (let round = -warmUps; round < rounds; round++) {
		for (const name of shuffled(names)) {
			const result = await tasks[name]();
			if (round >= 0) results[name].push(result);
		}
	}
	return results;
}

function shuffled<T>(all: T[]): T[] {
	const places = all.map((one) => ({ one, place: Math.random() }));
	return places.sort((a, b) => a.place - b.place).map(({ one }) => one);
}
