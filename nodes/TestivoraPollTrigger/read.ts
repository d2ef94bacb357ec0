import type { ICredentialDataDecryptedObject, IPollFunctions } from 'n8n-workflow';

import { list } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import { inputError } from '../shared/errors';
import { testimonials } from '../shared/testimonialList';
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
	const found = new Map<string, Testimonial>();
	const reading = (fault?: Error): Attempt => ({
		testimonials: [...found.values()],
		isComplete: !fault,
		scope,
		key,
		at,
		fault,
	});

	const query = space === undefined ? {} : { space_id: space };
	let isSpaceUnknown = false;
	try {
		for await (const testimonial of testimonials(context, { query, deadline, credential })) {
			// An API that does not know `space_id` would ignore it, and list the testimonials of all spaces (assumption A3).
			isSpaceUnknown = space !== undefined && typeof testimonial.space_id !== 'string';
			if (isSpaceUnknown) break;
			if (space === undefined || testimonial.space_id === space)
				found.set(testimonial.id as string, testimonial as Testimonial);
			if (found.size > CAPACITY) break;
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
	if (found.size > CAPACITY) {
		throw inputError(
			context.getNode(),
			MESSAGES.tooMany,
			'Choose a Space in the node, and make a workflow of its own for each space; or use Testivora Trigger, which has no such limit.',
		);
	}
	return reading();
}

/**
 * Refuses a Space that is not in the account, of which the list would show nothing for ever.
 *
 * @param space ID
 * @param deadline milliseconds since 1970
 * @throws NodeOperationError when the spaces could be read and this one is not among them
 */
export async function refuseUnknownSpace(
	context: IPollFunctions,
	space: string,
	deadline: number,
): Promise<void> {
	const isThere = async () => {
		for await (const { id } of list(context, { path: '/v1/spaces', deadline }))
			if (id === space) return true;
		return false;
	};
	// Where the spaces cannot be read, nothing is known.
	if (await isThere().catch(() => true)) return;
	throw inputError(
		context.getNode(),
		MESSAGES.noSuchSpace,
		'Choose the Space from the list, or clear it to watch the testimonials of all spaces. If the credential belongs to another account now, its spaces have other IDs.',
	);
}
