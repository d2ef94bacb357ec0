import { toItem } from '../../nodes/shared/eventItem.ts';
import { newest } from '../../nodes/TestivoraPollTrigger/look.ts';
import { APPROVED } from '../../nodes/shared/schemas.ts';
import type { Testimonial } from '../../nodes/TestivoraPollTrigger/look.ts';
import { testimonial } from '../helpers/fixtures.mts';
import { previewFor, previewsOf } from '../helpers/previews.mts';

test('the preview shows what a testimonial of the list becomes', () => {
	const event = newest(
		[testimonial() as Testimonial],
		{ events: [APPROVED], isWanted: () => true, maxItems: 1 },
		0,
	)!;
	expect(previewsOf('TestivoraPollTrigger')).toEqual({
		'v1.0.0/output': previewFor(toItem(event, true).json),
	});
});
