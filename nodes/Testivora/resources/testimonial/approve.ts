import { moderation } from './moderation';

export const approve = moderation(
	{
		name: 'Approve',
		value: 'approve',
		action: 'Approve testimonial',
		description: 'Publish a testimonial: it may be shown on walls from now on',
	},
	'approved',
);
