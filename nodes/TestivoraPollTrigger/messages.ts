/** Every text of the poll trigger that a user reads: what ends a poll, and the lines in n8n's log from level info on. */
export const MESSAGES = {
	tooMany: 'There are more than 10,000 testimonials, which Testivora Poll Trigger cannot watch',
	spaceUnknown:
		'Testivora does not say which Space its testimonials belong to, so those of one Space cannot be told from the others',
	noSuchSpace: 'There is no Space with this ID in your Testivora account',
	nothingToShow: 'There is no testimonial to show yet',
	nothingFits: 'None of the testimonials there are would start this workflow',
	noEvent: 'Choose at least one event in Trigger On',
	unknownEvent: 'Trigger On has an event that Testivora Poll Trigger cannot tell',
	/** @param label of the field */
	emptyExpression: (label: string) => `The expression in ${label} gives nothing`,
	startFrom: 'Start From must be a date such as 2026-06-03 or 2026-06-03T10:00:00Z',
	takenOver:
		'A later poll of Testivora Poll Trigger has found the same again, and starts the workflow with it',

	pollTookTooLong:
		'Testivora Poll Trigger: the poll before did not end in time, so this one takes its place',
	/** @param message why the poll did not succeed, or only in part */
	pollFailed: (message: string) => `Testivora Poll Trigger: ${message}. The next poll tries again.`,
	moreWaiting: (count: string, maxItems: string) =>
		`Testivora Poll Trigger: ${count} more wait for the next polls, as Max Items is ${maxItems}`,
	noneKnown:
		'Testivora Poll Trigger: The list shows none of the testimonials seen before. Those created before the last poll are taken as already seen, and do not start the workflow.',
	otherList:
		'Testivora Poll Trigger: The account, the Base URL or the Space is another one than before. The testimonials it has now are taken as already seen; those that come from now on start the workflow.',
};

/** Ends of a sentence that begins with a field's label. */
export const INPUT_FAULTS = {
	maxItems: 'must be a whole number from 1 to 1,000',
};
