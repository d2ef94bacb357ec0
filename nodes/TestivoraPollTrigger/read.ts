import type { ICredentialDataDecryptedObject, IPollFunctions } from 'n8n-workflow';

import { pages } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import { inputError } from '../shared/errors';
import type { Reading, Testimonial } from './look';
import { CAPACITY, keyPrint, scopeOf } from './memory';

/** A reading, and what cut it short where it is not complete. */
export type Attempt = Reading & { fault?: Error };

/**
 * Reads the whole list, because in which order it comes is not published.
 *
 * @param space ID; absent for all spaces
 * @param deadline milliseconds since 1970
 * @throws NodeOperationError when the list holds more than can be remembered, or the credential has no readable Base URL
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
	try {
		for await (const { entries } of pages(context, {
			path: '/v1/testimonials',
			query,
			deadline,
			credential,
		})) {
			// An API that does not know the parameter would ignore it (assumption A3).
			for (const entry of entries as Testimonial[])
				if (isIn(space, entry)) testimonials.set(entry.id, entry);
			if (testimonials.size > CAPACITY) break;
		}
	} catch (error) {
		return reading(error as Error);
	}
	if (testimonials.size > CAPACITY) {
		throw inputError(
			context.getNode(),
			'There are more than 10,000 testimonials, which Testivora Poll Trigger cannot watch',
			'Choose a Space in the node, and make a workflow of its own for each space; or use Testivora Trigger, which has no such limit.',
		);
	}
	return reading();
}

function isIn(space: string | undefined, { space_id: its }: Testimonial): boolean {
	return space === undefined || typeof its !== 'string' || its === space;
}
