import type { ICredentialDataDecryptedObject, IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { list } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { createdAt, isSameWord } from '../../../shared/filters';
import { elapsed } from '../../../shared/journal';
import { TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import { MESSAGES } from '../../messages';
import { inSpace } from '../inSpace';
import { contentKey } from './sameness';
import type { Claims } from './settle';

/** How an import reads what a space has. */

/** The testimonials that a space had when it was read. */
export interface SpaceContents {
	/** When the reading began, by {@link elapsed}. */
	readAt: number;
	ids: Set<string>;
	/** `created_at` of the newest one that no row stands for, in milliseconds since 1970; undefined without any, NaN if one of them has no readable date. */
	newest?: number;
	/** Testimonials that no row of the import stands for yet, by {@link contentKey}. */
	unmatched: Map<string, IDataObject[]>;
}

/**
 * Sorts the testimonials of a space by their content.
 *
 * @param testimonials of the space; some may come twice, because entries move to later pages while a list is read
 * @param claimed IDs of testimonials that a row of this execution already stands for
 */
export async function contentsOf(
	testimonials: AsyncIterable<IDataObject>,
	claimed: Pick<Claims, 'has'>,
): Promise<SpaceContents> {
	const contents: SpaceContents = { readAt: elapsed(), ids: new Set(), unmatched: new Map() };
	for await (const testimonial of testimonials) {
		const id = testimonial.id as string;
		if (contents.ids.has(id)) continue;
		contents.ids.add(id);
		if (claimed.has(id)) continue;
		// Math.max keeps a NaN: a testimonial without a date may be the newest.
		contents.newest = Math.max(contents.newest ?? -Infinity, createdAt(testimonial));
		const key = contentKey(testimonial);
		const same = contents.unmatched.get(key);
		if (same) same.push(testimonial);
		else contents.unmatched.set(key, [testimonial]);
	}
	return contents;
}

/**
 * All testimonials of a space; some may come twice. It is not published whether the list without a `status` includes pending and rejected
 * testimonials, so each status that does not occur in it is requested separately.
 *
 * @throws when the execution is cancelled, when a page cannot be read, and when a testimonial does not say which space it belongs to
 */
export async function* listSpace(
	context: IExecuteFunctions,
	credential: ICredentialDataDecryptedObject,
	spaceId: string,
): AsyncGenerator<IDataObject> {
	const statuses = new Set<unknown>();
	for await (const testimonial of listWithStatus(context, credential, spaceId)) {
		statuses.add(testimonial.status);
		yield testimonial;
	}
	for (const status of TESTIMONIAL_STATUSES) {
		if (statuses.has(status)) continue;
		for await (const testimonial of listWithStatus(context, credential, spaceId, status)) {
			// An API that ignores the parameter sends the first list again.
			if (typeof testimonial.status === 'string' && !isSameWord(testimonial.status, status)) break;
			yield testimonial;
		}
	}
}

async function* listWithStatus(
	context: IExecuteFunctions,
	credential: ICredentialDataDecryptedObject,
	spaceId: string,
	status?: string,
): AsyncGenerator<IDataObject> {
	const source = { path: '/v1/testimonials', query: { space_id: spaceId, status }, credential };
	const cannotTell = () =>
		inputError(
			context.getNode(),
			MESSAGES.skipExistingWithoutSpace,
			'Turn Skip Existing off to create all items, and tell the makers of this package. Nothing was sent to Testivora for this item.',
		);
	for await (const testimonial of inSpace(list(context, source), spaceId, cannotTell)) {
		if (context.getExecutionCancelSignal()?.aborted) throw new Error(MESSAGES.cancelled);
		yield testimonial;
	}
}
