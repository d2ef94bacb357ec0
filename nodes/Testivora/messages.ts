/**
 * Every text of the action that users see as an error's message or as a hint on the node. docs/troubleshooting.md has a row for each of
 * them, and a test keeps the two in step.
 */
export const MESSAGES = {
	// Any operation
	unknownOperation: (operation: string, resource: string) =>
		`This version of the Testivora node has no operation "${operation}" for "${resource}"`,
	emptyExpression: (label: string) => `The expression in ${label} gives nothing`,
	nothingToUpdate: 'Add at least one field to update',
	noOutputFields: 'Choose at least one field under Fields',
	cancelled: 'The execution was cancelled',
	waited: (minutes: string) =>
		`Waited because Testivora takes only so many requests a minute: ${minutes} min in all`,

	// Lists
	datesSwapped: 'Created After is later than Created Before',
	wallsWithoutSpace:
		'Testivora does not say which space its walls belong to, so they cannot be filtered by Space',
	testimonialsWithoutSpace:
		'Testivora does not say which space its testimonials belong to, so they cannot be filtered by Space',

	// Testimonial: Approve and Reject
	statusNotSet: (status: string) => `Testivora left this testimonial as ${status}`,

	// Testimonial: Create
	skipExistingWithoutSpace:
		'Testivora does not say which space its testimonials belong to, so Skip Existing cannot tell what this one has',
	quotaUsedUp: 'The monthly quota of your Testivora plan is used up: this item was not created',
	noAnswer: 'Testivora does not answer: this item was not sent',
	skipped: (count: string) => `Not created again, because the space has them already: ${count}`,
	/** @param items such as "items 3 and 7" */
	notCreated: (count: string, items: string) =>
		`${count} items were not created: ${items}. Their output says why.`,
	/** @param item such as "item 3" */
	oneNotCreated: (item: string) => `1 item was not created: ${item}. Its output says why.`,
	inDoubt: (items: string) =>
		`Not known whether these were created: ${items}. Run them again with the option Skip Existing.`,
	inDoubtAndUnrecognizable: (items: string) =>
		`Not known whether these were created: ${items}. Look for them in Testivora.`,
	changesTexts:
		'Testivora changes texts, so Skip Existing may not recognise them: look in Testivora before you run this again',
	retryRepeats:
		'Retry On Fail runs all items again, those that were created too: add the option Skip Existing, or switch Retry On Fail off',
	beyondQuota: (count: string) =>
		`Not created, because the monthly quota of your Testivora plan is used up: ${count}`,

	// Webhook
	noWebhookApi:
		// What to do stands in the message: where a list cannot be loaded, n8n shows no description.
		'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks',
	webhookRefused:
		'Testivora does not allow this for webhook endpoints through the API: do it in Testivora under Settings → Webhooks',
	webhookDisabled:
		'Testivora does not let webhook endpoints be deleted through the API, so this one was disabled instead. Delete it in Testivora under Settings → Webhooks',
};

/** What is wrong with the content of a field: ends of sentences that begin with the field's label. */
export const INPUT_FAULTS = {
	text: 'must be text',
	empty: 'must not be empty',
	rating: 'must be a whole number from 1 to 5',
	limit: 'must be a whole number of at least 1',
	switch: 'must be true or false',
	url: 'must be a web address that begins with https://',
	plainHttp: 'must begin with https://',
	texts: 'must be a comma-separated text or a list of texts',
	noTag: 'must hold at least one tag',
	noEvent: 'must hold at least one event',
	noType: 'must hold at least one type',
	output: 'must be raw, selectedFields or simplified',
	secret: 'must be whsec_ and then base64 of at least 18 random bytes',
	date: 'must be a date such as 2026-06-03 or 2026-06-03T10:00:00Z',
};
