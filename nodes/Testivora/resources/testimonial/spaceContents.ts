import type { ICredentialDataDecryptedObject, IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { inputError } from '../../../shared/errors';
import { createdAt } from '../../../shared/filters';
import { elapsed } from '../../../shared/journal';
import { testimonials } from '../../../shared/testimonialList';
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
 * @param listed testimonials of the space; some may come twice, because entries move to later pages while a list is read
 * @param claimed IDs of testimonials that a row of this execution already stands for
 */
export async function readContents(
	listed: AsyncIterable<IDataObject>,
	claimed: Pick<Claims, 'has'>,
): Promise<SpaceContents> {
	const contents: SpaceContents = { readAt: elapsed(), ids: new Set(), unmatched: new Map() };
	for await (const testimonial of listed) {
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
 * All testimonials of a space; some may come twice.
 *
 * @throws when the execution is cancelled, when a page cannot be read, and when a testimonial does not say which space it belongs to
 */
export async function* listSpace(
	context: IExecuteFunctions,
	credential: ICredentialDataDecryptedObject,
	spaceId: string,
): AsyncGenerator<IDataObject> {
	const source = { query: { space_id: spaceId }, credential };
	const cannotTell = () =>
		inputError(
			context.getNode(),
			MESSAGES.skipExistingWithoutSpace,
			'Turn Skip Existing off to create all items, and tell the makers of this package. Nothing was sent to Testivora for this item.',
		);
	for await (const testimonial of inSpace(testimonials(context, source), spaceId, cannotTell)) {
		if (context.getExecutionCancelSignal()?.aborted) throw new Error(MESSAGES.cancelled);
		yield testimonial;
	}
}
