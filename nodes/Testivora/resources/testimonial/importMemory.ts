import type { IExecuteFunctions } from 'n8n-workflow';

import { isTool } from '../parameters';
import type { Claims } from './settle';
import type { SpaceContents } from './spaceContents';

/**
 * What a node remembers of its creates from one run to the next within an execution. A node runs several times in a loop (Loop Over
 * Items), and with Retry On Fail the same run is tried several times.
 */

/**
 * Kept in n8n's context of the node, which n8n stores with the execution, also while the execution waits. So it holds IDs and no content;
 * each ID belongs to an output item, which n8n stores anyway.
 */
interface Note {
	/** Index of the run that sent the latest create. */
	run?: number;
	/** When it created something, or may have, in milliseconds since 1970. */
	createdAt?: number;
	/** For each run, the IDs of the testimonials that its rows stand for. */
	claimed?: Record<number, string[]>;
}

/** Lives as long as the execution is in this process. */
interface Memory {
	claimed: Set<string>;
	/** By account and space. */
	contents: Map<string, SpaceContents>;
}

const memories = new WeakMap<Note, Memory>();

/** The memory of an execution as one try of one run sees it. */
export class ImportMemory implements Claims {
	/** Whether this run was tried before (Retry On Fail). */
	readonly isRetry: boolean;
	/** When the tries before this one last created something, or may have, in milliseconds since 1970. */
	readonly createdBefore: number;
	private readonly run: number;
	private readonly note: Note;
	private readonly memory: Memory;

	constructor(context: IExecuteFunctions) {
		this.run = context.getWorkflowDataProxy(0).$runIndex as number;
		// Each call by an AI model stands alone: a model that repeats a create means the same testimonial, not a second one.
		this.note = isTool(context.getNode()) ? {} : (context.getContext('node') as Note);
		this.note.claimed ??= {};
		this.memory = memories.get(this.note) ?? {
			claimed: new Set(Object.values(this.note.claimed).flat()),
			contents: new Map(),
		};
		memories.set(this.note, this.memory);
		this.isRetry = this.note.run === this.run;
		this.createdBefore = this.note.createdAt ?? 0;
		this.forgetFailedTry();
	}

	/** The rows of a failed try are done again, so they may match what that try created or had matched. */
	private forgetFailedTry(): void {
		const claimed = this.note.claimed![this.run];
		if (!this.isRetry && !claimed) return;
		for (const id of claimed ?? []) this.memory.claimed.delete(id);
		delete this.note.claimed![this.run];
		this.memory.contents.clear();
	}

	/** Whether a row of this execution already stands for a testimonial. */
	has(id: string): boolean {
		return this.memory.claimed.has(id);
	}

	/** Notes that a row stands for a testimonial: no other row of this execution will. */
	add(id: string): void {
		if (this.has(id)) return;
		this.memory.claimed.add(id);
		(this.note.claimed![this.run] ??= []).push(id);
	}

	/** Notes that a create is about to be sent. */
	noteSending(): void {
		this.note.run = this.run;
	}

	/** Notes that something was created just now, or may have been. */
	noteCreated(): void {
		this.note.createdAt = Date.now();
	}

	/** What a space had when this execution read it, without what rows have been matched with since. */
	keptContents(account: string, spaceId: string): SpaceContents | undefined {
		return this.memory.contents.get(JSON.stringify([account, spaceId]));
	}

	/** Makes the next run read a space again. */
	forgetContents(account: string, spaceId: string): void {
		this.memory.contents.delete(JSON.stringify([account, spaceId]));
	}

	keepContents(account: string, spaceId: string, contents: SpaceContents): void {
		this.memory.contents.set(JSON.stringify([account, spaceId]), contents);
	}
}
