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
/** An error needs a node to name; a credential test has none. */
const NO_NODE = { name: 'Testivora API' } as INode;

/**
 * What n8n runs when a user tests or saves the credential: requests the account, once.
 *
 * This is a function because a declarative credential test sees too little: of an unsuccessful answer only the status, so that every
 * 403 would read the same; of a successful one only whether a field has a given value, so that a web page would pass.
 *
 * @returns whether the credential works, and a message that says what happened and what to do; never throws
 */
export async function testTestivoraApi(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	// The only helper that n8n gives a credential test.
	const { request } = this.helpers;
	try {
		const base = baseUrlOf(data, NO_NODE);
		const name = 'GET /v1/account';
		const response = request({
			method: 'GET',
			uri: `${base}/v1/account`,
			headers: { Accept: 'application/json', Authorization: authorizationOf(data) },
			timeout: TIMEOUT_MS,
			followRedirect: false,
			// Do not throw at an unsuccessful status.
			simple: false,
			resolveWithFullResponse: true,
		});
		const outcome: Outcome = await response.then(
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
