import type { INode } from 'n8n-workflow';
import { z } from 'zod';
import type { ZodTypeAny, infer as Infer } from 'zod';

import { inputError } from './errors';
import { INPUT_FAULTS } from './messages';
import { firstIssue } from './schemas';

/**
 * Checks what a user typed.
 *
 * @param label the field's label in the editor, e.g. "Rating"
 * @throws NodeOperationError that names the label, what is expected and the item
 */
export function checkInput<Schema extends ZodTypeAny>(
	schema: Schema,
	value: unknown,
	label: string,
	node: INode,
	itemIndex?: number,
): Infer<Schema> {
	const result = schema.safeParse(value);
	if (result.success) return result.data as Infer<Schema>;
	throw inputError(
		node,
		`${label} ${firstIssue(result.error)}`,
		'Correct the field, or the expression in it, and run this again. Nothing was sent to Testivora for this item.',
		itemIndex,
	);
}

/** A text without the white space around it; any other value unchanged. */
export const trimmed = (value: unknown): unknown =>
	typeof value === 'string' ? value.trim() : value;

/** An ID that may stand as one segment of a path, so not "." or "..". A positive whole number counts as its text. */
export const idInput = z.preprocess(
	(value) => trimmed(Number.isSafeInteger(value) && Number(value) > 0 ? String(value) : value),
	z
		.string({ message: INPUT_FAULTS.noId })
		.min(1, INPUT_FAULTS.empty)
		.max(255, INPUT_FAULTS.idTooLong)
		.refine((id) => id !== '.' && id !== '..', INPUT_FAULTS.idIsPath),
);
