import { moderation } from './moderation';

export const reject = moderation(
	{
		name: 'Reject',
		value: 'reject',
		action: 'Reject testimonial',
		description:
			'Decline a testimonial, or hide one that was approved: it is not shown, and is not deleted',
	},
	'rejected',
);
