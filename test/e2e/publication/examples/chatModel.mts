import { startChatModel } from '../../../helpers/chatModel.mts';
import type { Choice, Play } from './play.mts';

/** The model node of the examples with AI. */
export const MODEL = 'OpenAI Chat Model';

export const OPEN_AI: Choice = { credential: ['openAiApi', { apiKey: 'sk-test' }] };

type ChatModel = Awaited<ReturnType<typeof startChatModel>>;

/** Runs a test with a local chat model, which the workflow's model node asks instead of OpenAI's. */
export async function withChatModel(
	{ n8n }: Play,
	workflowId: string,
	test: (model: ChatModel) => Promise<void>,
): Promise<void> {
	const model = await startChatModel();
	try {
		const { nodes } = await n8n.workflow(workflowId);
		const { id } = nodes.find(({ name }) => name === MODEL)!.credentials!.openAiApi;
		await n8n.updateCredential(id, { apiKey: 'sk-test', url: model.url });
		await test(model);
	} finally {
		await model.stop();
	}
}
