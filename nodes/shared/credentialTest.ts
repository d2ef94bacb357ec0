import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INode,
	INodeCredentialTestResult,
	NodeOperationError,
} from 'n8n-workflow';

import { isFault, noAnswer, readAnswer } from './answer';
import type { HttpAnswer, Outcome } from './answer';
import { authorizationOf, baseUrlOf, secretsOf } from './credential';
import { apiError } from './errors';
import { MESSAGES } from './messages';
import { accountSchema } from './schemas';

const TIMEOUT_MS = 30_000;
/** Errors name the node that they come from; here there is none. */
const NO_NODE = { name: 'Testivora API' } as INode;

/**
 * What n8n runs when a user tests or saves the credential: asks for the account, once.
 *
 * A function, because the rules of a declarative credential test see only the status of an answer that is no success, and of others
 * only whether one field has one value: an empty body or a web page would pass, and any 403 would read the same.
 *
 * @returns never throws; a message says what happened, then what to do, in the words that the nodes use
 */
export async function testTestivoraApi(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	// The one helper that n8n gives a credential test.
	const { request } = this.helpers;
	try {
		const base = baseUrlOf(data, NO_NODE);
		const name = 'GET /v1/account';
		const asking = request({
			method: 'GET',
			uri: `${base}/v1/account`,
			headers: { Accept: 'application/json', Authorization: authorizationOf(data) },
			timeout: TIMEOUT_MS,
			followRedirect: false,
			// A status that is no success is an answer too, not an exception.
			simple: false,
			resolveWithFullResponse: true,
		});
		const outcome: Outcome = await asking.then(
			(answer: HttpAnswer) => readAnswer(name, answer, accountSchema, secretsOf(data)),
			(error: unknown) => noAnswer(name, error, secretsOf(data)),
		);
		if (isFault(outcome)) throw apiError(NO_NODE, outcome);
		return { status: 'OK', message: MESSAGES.credentialWorks };
	} catch (error) {
		const { message, description } = error as NodeOperationError;
		return { status: 'Error', message: `${message}. ${description}` };
	}
}
