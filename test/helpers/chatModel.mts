import fastify from 'fastify';

/** A tool as it is described to the model. */
export interface OfferedTool {
	name: string;
	description: string;
	/** JSON schema of its arguments. */
	parameters: {
		properties: Record<string, { type?: string; description?: string }>;
		required?: string[];
	};
}

/** One request to the model. */
export interface Asked {
	tools: OfferedTool[];
	/** The results of the tool calls in this conversation, as the model gets them, oldest first. */
	results: string[];
	/** The whole conversation as text. */
	conversation: string;
}

/** A tool call by the model. */
export interface ToolCall {
	tool: string;
	arguments: Record<string, unknown>;
}

/** The model's answer: tool calls, all at once, or a text that ends the conversation. */
export type Reply = ToolCall[] | string;

/** A scripted chat model that records what it is asked. */
export interface ChatModel {
	/** The base URL for n8n's OpenAI credential. */
	url: string;
	asked: Asked[];
	/** The answers to the next requests, in order; after the last one, "Done." */
	replies: Reply[];
	stop(): Promise<void>;
}

type Body = Record<string, any>;

/**
 * Starts one on 127.0.0.1. It speaks both of OpenAI's APIs: Responses, which n8n's OpenAI Chat Model uses unless it is told not to, and
 * Chat Completions, which other providers have, too, and older versions of the AI Agent need.
 */
export async function startChatModel(): Promise<ChatModel> {
	const asked: Asked[] = [];
	const replies: Reply[] = [];
	let count = 0;

	const answer = (
		conversation: Body[],
		tools: OfferedTool[],
		isResult: (entry: Body) => boolean,
		resultOf: (entry: Body) => unknown,
	) => {
		asked.push({
			tools,
			results: conversation.filter(isResult).map((entry) => String(resultOf(entry))),
			conversation: JSON.stringify(conversation),
		});
		const reply = replies.shift() ?? 'Done.';
		count += 1;
		return typeof reply === 'string'
			? { text: reply }
			: { calls: reply.map((call, index) => ({ ...call, id: `call_${count}_${index}` })) };
	};

	const app = fastify({ bodyLimit: 16 * 1024 * 1024 });
	app.post('/v1/responses', async (request) => {
		const { model, input, tools = [] } = request.body as Body;
		const { text, calls } = answer(
			input,
			tools,
			({ type }) => type === 'function_call_output',
			({ output }) => output,
		);
		const content = [{ type: 'output_text', text, annotations: [] }];
		return {
			id: `resp_${count}`,
			object: 'response',
			created_at: 0,
			status: 'completed',
			model,
			output: calls
				? calls.map(({ id, ...call }) => ({
						type: 'function_call',
						id: `fc_${id}`,
						call_id: id,
						status: 'completed',
						...functionOf(call),
					}))
				: [
						{
							type: 'message',
							id: `msg_${count}`,
							role: 'assistant',
							status: 'completed',
							content,
						},
					],
			usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
		};
	});
	app.post('/v1/chat/completions', async (request) => {
		const { model, messages, tools = [] } = request.body as Body;
		const offered = tools.map((tool: Body) => tool.function);
		const { text = null, calls } = answer(
			messages,
			offered,
			({ role }) => role === 'tool',
			({ content }) => content,
		);
		const tool_calls = calls?.map(({ id, ...call }) => ({
			id,
			type: 'function',
			function: functionOf(call),
		}));
		return {
			id: `chatcmpl_${count}`,
			object: 'chat.completion',
			created: 0,
			model,
			choices: [
				{
					index: 0,
					message: { role: 'assistant', content: text, tool_calls },
					finish_reason: calls ? 'tool_calls' : 'stop',
				},
			],
			usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
		};
	});
	await app.listen({ port: 0, host: '127.0.0.1' });
	const { port } = app.server.address() as { port: number };
	return {
		url: `http://127.0.0.1:${port}/v1`,
		asked,
		replies,
		stop: async () => await app.close(),
	};
}

function functionOf(call: ToolCall) {
	return { name: call.tool, arguments: JSON.stringify(call.arguments) };
}
