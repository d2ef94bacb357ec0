import type { ICredentialDataDecryptedObject, IPollFunctions } from 'n8n-workflow';

import { pages } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import { inputError } from '../shared/errors';
import type { Reading, Testimonial } from './look';
import { CAPACITY, keyPrint, scopeOf } from './memory';
import { MESSAGES } from './messages';

/** A reading; `fault` is what cut it short. */
export type Attempt = Reading & { fault?: Error };

/**
 * Reads the whole list, because in which order it comes is not published.
 *
 * @param space ID; absent for all spaces
 * @param deadline milliseconds since 1970
 * @throws NodeOperationError when the list holds more than can be remembered, a testimonial does not name its space though one was
 *   chosen, or the credential has no readable Base URL
 */
export async function readTestimonials(
	context: IPollFunctions,
	space: string | undefined,
	deadline: number,
): Promise<Attempt> {
	const at = Date.now();
	const credential: ICredentialDataDecryptedObject = await context.getCredentials('testivoraApi');
	const scope = scopeOf(baseUrlOf(credential, context.getNode()), space);
	const key = keyPrint(String(credential.apiKey ?? ''));
	const testimonials = new Map<string, Testimonial>();
	const reading = (fault?: Error): Attempt => ({
		testimonials: [...testimonials.values()],
		isComplete: !fault,
		scope,
		key,
		at,
		fault,
	});

	const query = space === undefined ? {} : { space_id: space };
	let isSpaceUnknown = false;
	try {
		for await (const { entries } of pages(context, {
			path: '/v1/testimonials',
			query,
			deadline,
			credential,
		})) {
			// An API that does not know `space_id` would ignore it, and list the testimonials of all spaces (assumption A3).
			for (const entry of entries as Testimonial[]) {
				isSpaceUnknown ||= space !== undefined && typeof entry.space_id !== 'string';
				if (space === undefined || entry.space_id === space) testimonials.set(entry.id, entry);
			}
			if (isSpaceUnknown || testimonials.size > CAPACITY) break;
		}
	} catch (error) {
		return reading(error as Error);
	}
	if (isSpaceUnknown) {
		throw inputError(
			context.getNode(),
			MESSAGES.spaceUnknown,
			'Clear Space in the node to watch the testimonials of all spaces, and tell the makers of this package. Nothing was given out.',
		);
	}
	if (testimonials.size > CAPACITY) {
		throw inputError(
			context.getNode(),
			MESSAGES.tooMany,
			'Choose a Space in the node, and make a workflow of its own for each space; or use Testivora Trigger, which has no such limit.',
		);
	}
	return reading();
}
