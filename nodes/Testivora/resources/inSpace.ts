import type { IDataObject } from 'n8n-workflow';

/**
 * Only those objects of a list that belong to a space. The API is asked for this space, but one that does not know the parameter would
 * ignore it (assumption A3) and give out the objects of every space: one client's testimonials among another's.
 *
 * @param cannotTell the error to throw when an object has no `space_id`, because then it cannot be checked
 */
export async function* inSpace(
	objects: AsyncIterable<IDataObject>,
	spaceId: string,
	cannotTell: () => Error,
): AsyncGenerator<IDataObject> {
	for await (const object of objects) {
		if (object.space_id === undefined) throw cannotTell();
		if (object.space_id === spaceId) yield object;
	}
}
