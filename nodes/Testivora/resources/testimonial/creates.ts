import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	NodeExecutionHint,
} from 'n8n-workflow';

import { request } from '../../../shared/api';
import { hasStatus, inputError, isTimeout } from '../../../shared/errors';
import { createdAt } from '../../../shared/filters';
import { elapsed, journalOf } from '../../../shared/journal';
import { objectSchema } from '../../../shared/schemas';
import { waitUnlessCancelled } from '../../../shared/waiting';
import { MESSAGES } from '../../messages';
import { ImportMemory } from './importMemory';
import { contentKey } from './sameness';
import { LIST_LAG_MS, isCreateInDoubt, settle } from './settle';
import type { Service, Settled, UncertainCreate } from './settle';
import { listSpace, readContents } from './spaceContents';
import type { SpaceContents } from './spaceContents';

/** After this many consecutive creates that timed out, the rest is not sent: each would take a minute. */
const MAX_TIMEOUTS = 5;
/**
 * If the newest testimonial in a list is younger than this, the list may not show everything yet that was created before it was read.
 * Twice {@link LIST_LAG_MS}, because clocks differ and `Date` headers are in whole seconds.
 */
const FRESH_MS = 2 * LIST_LAG_MS;
/** How many items a hint names at most. */
const MAX_NAMED_ITEMS = 20;

/** What the creates with one credential have learned in this run. Items have different credentials where it holds an expression. */
class Account {
	quotaUsedUp = false;
	/** Whether texts come back as they were sent. */
	givesBackContent = true;
	/** How long it took to read a space to its end. */
	readingMs = 0;
	/** Creates whose outcome is unknown, to be settled at the end of the run. */
	readonly uncertain: UncertainCreate[] = [];
	/** By space. Failed readings are kept too: otherwise every row would wait for the same failure. */
	readonly readings = new Map<string, Promise<SpaceContents>>();
	/** `created_at` of the testimonial that was created last, in milliseconds since 1970. */
	lastCreated?: number;
	/** The least by which the clock of `created_at` is ahead of {@link elapsed}, in milliseconds. */
	aheadMs?: number;

	constructor(
		/** Base URL and API key. */
		readonly key: string,
		readonly credential: ICredentialDataDecryptedObject,
	) {}
}

/** The creates of one run of the node. They share what they learn: the quota, what spaces have, which testimonials are taken. */
export class Creates {
	/** Whether a row was to be skipped if it exists. */
	private skips = false;
	/** Number of rows that would be created again if the node ran again. */
	private unprotected = 0;
	/** Consecutive time-outs. */
	private timeouts = 0;
	/** Number of rows that were not created because the space has them. */
	private skipped = 0;
	/** Item indexes of rows that were not created because the quota is used up. */
	private readonly beyondQuota = new Set<number>();
	/** Item indexes of rows of which it is not known whether they were created. */
	private readonly inDoubt = new Set<number>();
	private readonly accounts = new Map<string, Account>();
	private readonly memory: ImportMemory;

	/**
	 * @param settleAtOnce whether a create in doubt is settled before the next one is sent, as it must be where the first failure ends the
	 *   run; otherwise {@link settleUncertain} settles all of them together
	 */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly settleAtOnce: boolean,
	) {
		this.memory = new ImportMemory(context);
	}

	/**
	 * Creates a testimonial, unless the space has it.
	 *
	 * @param body as POST takes it
	 * @param skipExisting whether a testimonial with the same content that the space has is returned instead, with `alreadyExisted`
	 * @throws NodeApiError or NodeOperationError; for a create in doubt that is not settled at once, {@link settleUncertain} replaces it
	 */
	async create(body: IDataObject, itemIndex: number, skipExisting: boolean): Promise<IDataObject> {
		const account = await this.accountOf(itemIndex);
		if (skipExisting) this.skips = true;
		else this.unprotected += 1;
		const existing = skipExisting ? await this.takeExisting(account, body) : undefined;
		if (existing) {
			this.skipped += 1;
			return { ...existing, alreadyExisted: true };
		}

		if (this.timeouts >= MAX_TIMEOUTS) {
			throw inputError(
				this.context.getNode(),
				MESSAGES.noAnswer,
				`The last ${MAX_TIMEOUTS} items before it got no answer in time. Try again when Testivora answers, with the option Skip Existing.`,
				itemIndex,
			);
		}
		const { lastCreated } = account;
		this.memory.noteSending();
		const outcome = await this.send(account, body, itemIndex).catch((error: Error) => error);
		const isInDoubt = isCreateInDoubt(outcome);
		if (isInDoubt || !(outcome instanceof Error)) this.memory.noteCreated();
		if (!(outcome instanceof Error)) return outcome;
		if (!isInDoubt) throw outcome;

		const endedAt = elapsed();
		const create: UncertainCreate = {
			itemIndex,
			body,
			error: outcome,
			startedAt: journalOf(this.context).postedAt ?? endedAt,
			endedAt,
			attempts: 1,
			lastCreated,
		};
		if (!this.settleAtOnce) {
			account.uncertain.push(create);
			throw outcome;
		}
		const settled = (await this.settle(account, [create])).get(create)!;
		if ('error' in settled) throw settled.error;
		return settled.testimonial;
	}

	/** Settles the creates in doubt. @returns their outcomes by item index */
	async settleUncertain(): Promise<Map<number, IDataObject | Error>> {
		const outcomes = new Map<number, IDataObject | Error>();
		for (const account of this.accounts.values()) {
			for (const [{ itemIndex }, settled] of await this.settle(account, account.uncertain)) {
				outcomes.set(itemIndex, 'error' in settled ? settled.error : settled.testimonial);
				if ('error' in settled && settled.inDoubt) this.inDoubt.add(itemIndex);
			}
		}
		return outcomes;
	}

	/**
	 * What a person would want to know of the import as a whole.
	 *
	 * @param failed indexes of all items that ended with an error
	 */
	hints(failed: number[]): NodeExecutionHint[] {
		const changesTexts = [...this.accounts.values()].some(
			({ givesBackContent }) => !givesBackContent,
		);
		const notCreated = failed.filter(
			(index) => !this.inDoubt.has(index) && !this.beyondQuota.has(index),
		);
		const hints: NodeExecutionHint[] = [];
		const warn = (message: string) => hints.push({ type: 'warning', message });
		if (this.skipped > 0) hints.push({ message: MESSAGES.skipped(String(this.skipped)) });
		if (notCreated.length === 1) warn(MESSAGES.oneNotCreated(itemNames(notCreated)));
		if (notCreated.length > 1)
			warn(MESSAGES.notCreated(String(notCreated.length), itemNames(notCreated)));
		if (this.inDoubt.size > 0) {
			const items = itemNames([...this.inDoubt]);
			warn(changesTexts ? MESSAGES.inDoubtAndUnrecognizable(items) : MESSAGES.inDoubt(items));
		}
		if (changesTexts && this.skips) warn(MESSAGES.changesTexts);
		if (this.unprotected > 1 && this.context.getNode().retryOnFail) warn(MESSAGES.retryRepeats);
		if (this.beyondQuota.size > 0) warn(MESSAGES.beyondQuota(String(this.beyondQuota.size)));
		return hints;
	}

	private async accountOf(itemIndex: number): Promise<Account> {
		const credential: ICredentialDataDecryptedObject = await this.context.getCredentials(
			'testivoraApi',
			itemIndex,
		);
		const key = JSON.stringify([credential.baseUrl, credential.apiKey]);
		const account = this.accounts.get(key) ?? new Account(key, credential);
		this.accounts.set(key, account);
		return account;
	}

	private async send(account: Account, body: IDataObject, itemIndex: number): Promise<IDataObject> {
		const { context } = this;
		if (account.quotaUsedUp) {
			this.beyondQuota.add(itemIndex);
			throw inputError(
				context.getNode(),
				MESSAGES.quotaUsedUp,
				'Wait for the next month or upgrade the plan in Testivora, then run this item again.',
				itemIndex,
			);
		}
		const { credential } = account;
		const source = {
			method: 'POST',
			path: '/v1/testimonials',
			body,
			itemIndex,
			credential,
		} as const;
		const testimonial = (await request(context, source, objectSchema).catch((error: unknown) => {
			this.timeouts = isTimeout(error) ? this.timeouts + 1 : 0;
			if (hasStatus(error, 402)) {
				account.quotaUsedUp = true;
				this.beyondQuota.add(itemIndex);
			}
			throw error;
		})) as IDataObject;
		this.timeouts = 0;
		this.memory.add(testimonial.id as string);
		learnFrom(account, testimonial, body);
		return testimonial;
	}

	private async settle(
		account: Account,
		creates: UncertainCreate[],
	): Promise<Map<UncertainCreate, Settled>> {
		const service: Service = {
			list: (spaceId) => this.list(account, spaceId),
			send: async ({ body, itemIndex }) => await this.send(account, body, itemIndex),
			wait: async (ms) => await waitUnlessCancelled(this.context, ms, creates[0].error),
			now: elapsed,
			existedBefore: ({ body, startedAt }, id) => {
				const contents = this.memory.keptContents(account.key, body.space_id as string);
				// A space that was read after the request may hold what the request created.
				return contents && contents.readAt <= startedAt ? contents.ids.has(id) : undefined;
			},
			apiTimeAt: (moment) => {
				const ahead = account.aheadMs ?? journalOf(this.context).aheadMs;
				return ahead === undefined ? undefined : moment + ahead;
			},
			readingMs: () => account.readingMs,
			givesBackContent: () => account.givesBackContent,
		};
		const results = await settle(creates, this.memory, service);
		for (const [{ body }, result] of results) {
			// A later run of a loop may get the same row again, and must find what this create may have created.
			if ('error' in result && result.inDoubt)
				this.memory.forgetContents(account.key, body.space_id as string);
		}
		return results;
	}

	/** A testimonial with this content that the space had before and that no other row stands for. */
	private async takeExisting(
		account: Account,
		body: IDataObject,
	): Promise<IDataObject | undefined> {
		const spaceId = body.space_id as string;
		const reading = account.readings.get(spaceId) ?? this.contentsOf(account, spaceId);
		account.readings.set(spaceId, reading);
		const found = (await reading).unmatched.get(contentKey(body))?.shift();
		if (found) this.memory.add(found.id as string);
		return found;
	}

	/** What a space has, read once in an execution; by a retry once more, because its failed try may have created something. */
	private async contentsOf(account: Account, spaceId: string): Promise<SpaceContents> {
		const known = this.memory.keptContents(account.key, spaceId);
		if (known) return known;
		const wait = async (ms: number) =>
			await waitUnlessCancelled(this.context, ms, new Error(MESSAGES.cancelled));
		const read = async () => await readContents(this.list(account, spaceId), this.memory);
		if (this.memory.isRetry) {
			// Until the list shows what the failed try created.
			const sinceCreated = Date.now() - this.memory.createdBefore;
			await wait(Math.min(LIST_LAG_MS - sinceCreated, LIST_LAG_MS));
		}
		let contents = await read();
		if (!this.memory.isRetry && this.mayBeIncomplete(account, contents)) {
			await wait(LIST_LAG_MS);
			contents = await read();
		}
		this.memory.keepContents(account.key, spaceId, contents);
		return contents;
	}

	/**
	 * Whether something was created so shortly before a space was read that the list may not show all of it yet, as after an import that
	 * was stopped and is run again at once.
	 */
	private mayBeIncomplete(
		{ aheadMs = journalOf(this.context).aheadMs }: Account,
		{ newest }: SpaceContents,
	): boolean {
		if (newest === undefined) return false;
		return aheadMs === undefined || !(newest < elapsed() + aheadMs - FRESH_MS);
	}

	private async *list(account: Account, spaceId: string): AsyncGenerator<IDataObject> {
		const startedAt = elapsed();
		yield* listSpace(this.context, account.credential, spaceId);
		account.readingMs = elapsed() - startedAt;
	}
}

function learnFrom(account: Account, testimonial: IDataObject, body: IDataObject): void {
	const created = createdAt(testimonial);
	if (!Number.isNaN(created)) {
		account.lastCreated = created;
		account.aheadMs = Math.max(account.aheadMs ?? -Infinity, created - elapsed());
	}
	// The answer may leave fields out, so only fields that it has can differ.
	if (contentKey({ ...body, ...testimonial }) !== contentKey(body))
		account.givesBackContent = false;
}

/** Items as a hint names them, such as "item 3", "items 3 and 7" or "items 1, 2 and 5". */
function itemNames(indexes: number[]): string {
	const numbers = [...indexes].sort((one, other) => one - other).map((index) => String(index + 1));
	if (numbers.length === 1) return `item ${numbers[0]}`;
	const named = numbers.slice(0, MAX_NAMED_ITEMS);
	const last =
		numbers.length > MAX_NAMED_ITEMS ? `${numbers.length - MAX_NAMED_ITEMS} more` : named.pop()!;
	return `items ${named.join(', ')} and ${last}`;
}
