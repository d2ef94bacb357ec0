/**
 * Every message of this folder, as users read it in n8n. Entries are whole messages; where one has two forms, there are two entries. A test
 * looks each of them up in docs/troubleshooting.md.
 */
export const MESSAGES = {
	credentialWorks: 'Connection successful!',
	baseUrlInvalid: 'The Base URL in the Testivora credential is not a plain web address',
	idIsAddress: 'Enter an ID, not a web address',

	// No answer.
	connectionRefused: 'Testivora refused the connection',
	connectionClosed: 'Testivora closed the connection before it had answered',
	addressUnknown: 'Testivora could not be found under that address',
	lookUpFailed: 'Testivora could not be looked up',
	timedOut: 'Testivora did not answer in time',
	certificateRefused: 'The certificate at the address of Testivora is not trusted by this n8n',
	unreachable: 'Testivora could not be reached',
	unreachableBecause: (reason: string) => `Testivora could not be reached (${reason})`,

	// An answer that is not the API's, or not as documented.
	redirected: (status: string) => `The Base URL sends requests on to another address (${status})`,
	// What to do stands in the message: n8n shows no description in lists, nor for a workflow that it could not publish.
	noApiHere:
		'No Testivora API at this Base URL. Open the Testivora credential and set Base URL to https://api.testivora.com, unless you were given another one',
	unreadable: (reason: string) => `Testivora sent an answer that could not be read: ${reason}`,
	notWorking: (status: string) => `Testivora is not working at the moment (${status})`,

	// The API refuses the key, or the plan's limits are reached.
	keyMissing: 'Testivora did not get an API key with the request',
	keyUnknown: 'Testivora does not know this API key, or it was revoked',
	quotaUsedUp: 'The monthly quota of your Testivora plan is used up',
	quotaUsedUpOf: (figures: string) =>
		`The monthly quota of your Testivora plan is used up (${figures})`,
	planRequired: 'Your Testivora plan does not include the API',
	keyMayNotRead: 'This API key may not read',
	keyMayOnlyRead: 'This API key may only read',
	forbidden: 'Testivora does not allow this with this API key',
	rateLimited: 'Testivora is receiving too many requests with this API key',

	// The API refuses the request.
	idNotFound: 'Testivora has nothing with this ID in your account',
	notAccepted: (status: string) => `Testivora did not accept this (${status})`,
	notAcceptedBecause: (reason: string) => `Testivora did not accept this: ${reason}`,
};

/** What is wrong with a value, as the end of a sentence that begins with the label of its field. */
export const INPUT_FAULTS = {
	noId: 'must be an ID',
	empty: 'must not be empty',
	idTooLong: 'must be an ID of at most 255 characters',
	idIsPath: 'must be an ID, not a path',
};
