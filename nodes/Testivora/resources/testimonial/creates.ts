import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	NodeExecutionHint,
} from 'n8n-workflow';

import { list, request } from '../../../shared/api';
import { hasStatus, inputError, isTimeout } from '../../../shared/errors';
import { createdAt, isSameWord } from '../../../shared/filters';
import { elapsed, journalOf } from '../../../shared/journal';
import { objectSchema, TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import { waitUnlessCancelled } from '../../../shared/waiting';
import { contentKey } from './sameness';
import { LIST_LAG_MS, isCreateInDoubt, settle } from './settle';
import type { OpenCreate, Service, Settled } from './settle';

/** After so many creates in a row that got no answer in time, the rest is not sent: each would wait for a minute. */
const MAX_TIMEOUTS = 5;
/** A list whose newest testimonial is younger than this may soon show others. Twice {@link LIST_LAG_MS}: clocks differ, and a `Date` is in whole seconds. */
const FRESH_MS = 2 * LIST_LAG_MS;

/** The testimonials that a space had when it was read. */
interface Existing {
	/** When that was, by {@link elapsed}. */
	at: number;
	ids: Set<string>;
	/** `created_at` of the newest, in milliseconds since 1970; undefined where the space is empty, NaN where one has no date that can be read. */
	newest?: number;
	/** By content; each stands for one row of the import only. */
	unused: Map<string, IDataObject[]>;
}

/** What a run of the node leaves for the next try or run in the same execution. */
interface RunNote {
	run?: number;
	/** When it last created something, or may have, in milliseconds since 1970. */
	createdAt?: number;
}

/** What the creates with one credential have found out. Items have different ones where the credential holds an expression. */
class Account {
	quotaUsedUp = false;
	/** Whether texts come back as they were sent. */
	givesBackContent = true;
	/** How long it took to read a space to its end. */
	readingMs = 0;
	readonly open: OpenCreate[] = [];
	/** By space; rejected where the space could not be read. */
	readonly reading = new Map<string, Promise<Existing>>();
	readonly existing = new Map<string, Existing>();
	/** `created_at` of the testimonial that was created last, in milliseconds since 1970. */
	lastCreated?: number;
	/** By how many milliseconds the clock of `created_at` is at least ahead of {@link elapsed}. */
	aheadMs?: number;

	constructor(readonly credential: ICredentialDataDecryptedObject) {}
}

/** All creates of one run of the node: what one of them finds out, the others use. */
export class Creates {
	/** Whether a row was to be skipped if it existed. */
	private skips = false;
	/** Rows that would be created again if the node ran again. */
	private unprotected = 0;
	/** Time-outs in a row. */
	private timeouts = 0;
	/** Rows that were not created because the space had them. */
	private skipped = 0;
	/** Rows that were not sent because the quota is used up, and the one that was refused for it. */
	private beyondQuota = 0;
	/** Items of which it is not known whether they were created. */
	private readonly inDoubt: number[] = [];
	/** By base URL and API key. */
	private readonly accounts = new Map<string, Account>();
	/** IDs of testimonials that are the answer to one of these creates. */
	private readonly claimed = new Set<string>();

	/** What earlier tries and runs of the node in this execution left behind. */
	private readonly before: RunNote;

	/** @param atOnce whether a create in doubt is settled before the next one, because the run ends with the first one that fails */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly atOnce: boolean,
	) {
		this.before = { ...this.noteOfRuns() };
	}

	/**
	 * Creates a testimonial, unless the space has it.
	 *
	 * @param body as POST takes it
	 * @throws NodeApiError or NodeOperationError; where the outcome is unknown and is not settled at once, {@link settleOpen} replaces it
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
		const { lastCreated } = account;
		Object.assign(this.noteOfRuns(), { run: this.runIndex() } satisfies RunNote);
		const outcome = await this.send(account, body, itemIndex).catch((error: Error) => error);
		const inDoubt = isCreateInDoubt(outcome);
		if (inDoubt || !(outcome instanceof Error))
			Object.assign(this.noteOfRuns(), { createdAt: Date.now() } satisfies RunNote);
		if (!(outcome instanceof Error)) return outcome;
		if (!inDoubt) throw outcome;
		const ended = elapsed();
		const begun = journalOf(this.context).postedAt ?? ended;
		const open: OpenCreate = {
			itemIndex,
			body,
			error: outcome,
			begun,
			ended,
			sent: 1,
			lastCreated,
		};
		if (!this.atOnce) {
			account.open.push(open);
			throw outcome;
		}
		const settled = (await this.settleAll(account, [open])).get(open)!;
		if ('error' in settled) throw settled.error;
		return settled.testimonial;
	}

	/** @returns how the creates in doubt ended, by their item */
	async settleOpen(): Promise<Map<number, IDataObject | Error>> {
		const outcomes = new Map<number, IDataObject | Error>();
		for (const account of this.accounts.values()) {
			for (const [{ itemIndex }, settled] of await this.settleAll(account, account.open)) {
				outcomes.set(itemIndex, 'error' in settled ? settled.error : settled.testimonial);
				if ('error' in settled && settled.inDoubt) this.inDoubt.push(itemIndex);
			}
		}
		return outcomes;
	}

	/** What a person would want to know of the import as a whole. */
	hints(): NodeExecutionHint[] {
		const items = this.inDoubt.map((index) => index + 1).sort((one, other) => one - other);
		const changesTexts = [...this.accounts.values()].some(
			({ givesBackContent }) => !givesBackContent,
		);
		return [
			...(this.skipped > 0
				? [{ message: `Not created again, because the space has them already: ${this.skipped}` }]
				: []),
			...(items.length > 0
				? [
						{
							type: 'warning' as const,
							message: `Not known whether these were created: items ${items.slice(0, 20).join(', ')}${items.length > 20 ? ', …' : ''}. ${changesTexts ? 'Look for them in Testivora.' : 'Run them again with the option Skip Existing.'}`,
						},
					]
				: []),
			...(changesTexts && this.skips
				? [
						{
							type: 'warning' as const,
							message:
								'Testivora changes texts, so Skip Existing may not recognise them: look in Testivora before you run this again',
						},
					]
				: []),
			...(this.unprotected > 1 && this.context.getNode().retryOnFail
				? [
						{
							type: 'warning' as const,
							message:
								'Retry On Fail runs all items again, those that were created too: add the option Skip Existing, or switch Retry On Fail off',
						},
					]
				: []),
			...(this.beyondQuota > 0
				? [
						{
							type: 'warning' as const,
							message: `Not created, because the monthly quota of your Testivora plan is used up: ${this.beyondQuota}`,
						},
					]
				: []),
		];
	}

	private async accountOf(itemIndex: number): Promise<Account> {
		const credential: ICredentialDataDecryptedObject = await this.context.getCredentials(
			'testivoraApi',
			itemIndex,
		);
		const key = JSON.stringify([credential.baseUrl, credential.apiKey]);
		const account = this.accounts.get(key) ?? new Account(credential);
		this.accounts.set(key, account);
		return account;
	}

	private async settleAll(account: Account, open: OpenCreate[]): Promise<Map<OpenCreate, Settled>> {
		const service: Service = {
			list: (spaceId) => this.list(account, spaceId),
			send: async ({ body, itemIndex }) => await this.send(account, body, itemIndex),
			wait: async (ms) => await waitUnlessCancelled(this.context, ms, open[0].error),
			now: elapsed,
			wasThere: ({ body, begun }, id) => {
				const existing = account.existing.get(body.space_id as string);
				// A space that was read after the request may hold what the request created.
				return existing && existing.at <= begun ? existing.ids.has(id) : undefined;
			},
			apiTime: (moment) => {
				const ahead = account.aheadMs ?? journalOf(this.context).aheadMs;
				return ahead === undefined ? undefined : moment + ahead;
			},
			readingMs: () => account.readingMs,
			givesBackContent: () => account.givesBackContent,
		};
		return await settle(open, this.claimed, service);
	}

	private async send(account: Account, body: IDataObject, itemIndex: number): Promise<IDataObject> {
		if (account.quotaUsedUp) {
			this.beyondQuota += 1;
			throw inputError(
				this.context.getNode(),
				'The monthly quota of your Testivora plan is used up: this item was not sent',
				'Wait for the next month or upgrade the plan in Testivora, then run this item again.',
				itemIndex,
			);
		}
		if (this.timeouts >= MAX_TIMEOUTS) {
			throw inputError(
				this.context.getNode(),
				'Testivora does not answer: this item was not sent',
				`The last ${MAX_TIMEOUTS} items before it got no answer in time. Try again when Testivora answers, with the option Skip Existing.`,
				itemIndex,
			);
		}
		const source = {
			method: 'POST',
			path: '/v1/testimonials',
			body,
			itemIndex,
			credential: account.credential,
		} as const;
		const testimonial = (await request(this.context, source, objectSchema).catch(
			(error: unknown) => {
				this.timeouts = isTimeout(error) ? this.timeouts + 1 : 0;
				if (hasStatus(error, 402)) {
					account.quotaUsedUp = true;
					this.beyondQuota += 1;
				}
				throw error;
			},
		)) as IDataObject;
		this.timeouts = 0;
		this.learnFrom(account, testimonial, body);
		return testimonial;
	}

	private learnFrom(account: Account, testimonial: IDataObject, body: IDataObject): void {
		this.claimed.add(testimonial.id as string);
		const created = createdAt(testimonial);
		if (!Number.isNaN(created)) {
			account.lastCreated = created;
			account.aheadMs = Math.max(account.aheadMs ?? -Infinity, created - elapsed());
		}
		// An answer may leave fields out; one that has them changed tells that texts are not given back as sent.
		if (contentKey({ ...body, ...testimonial }) !== contentKey(body))
			account.givesBackContent = false;
	}

	/** A testimonial of this content that was there before the row and stands for no other row of the import. */
	private async takeExisting(
		account: Account,
		body: IDataObject,
	): Promise<IDataObject | undefined> {
		const spaceId = body.space_id as string;
		// Kept also when it fails, as every row would wait for it anew.
		const reading = account.reading.get(spaceId) ?? this.readExisting(account, spaceId);
		account.reading.set(spaceId, reading);
		const existing = await reading;
		account.existing.set(spaceId, existing);
		const found = existing.unused.get(contentKey(body))?.shift();
		if (found) this.claimed.add(found.id as string);
		return found;
	}

	/**
	 * Reads a space for Skip Existing, once its list shows what an earlier try of this execution has created (Retry On Fail), or what an
	 * import created that was stopped just now.
	 */
	private async readExisting(account: Account, spaceId: string): Promise<Existing> {
		const cancelled = new Error('The execution was cancelled');
		const { run, createdAt: last = 0 } = this.before;
		if (run === this.runIndex()) {
			await waitUnlessCancelled(
				this.context,
				Math.min(last + LIST_LAG_MS - Date.now(), LIST_LAG_MS),
				cancelled,
			);
		}
		const existing = await this.readNow(account, spaceId);
		// In a loop, the earlier runs of the node have ended: they left nothing to be found.
		if (run === undefined && this.mayShowMore(account, existing)) {
			await waitUnlessCancelled(this.context, LIST_LAG_MS, cancelled);
			return await this.readNow(account, spaceId);
		}
		return existing;
	}

	/** Whether something was created so shortly before a space was read that the list may not show all of it yet. An empty list shows nothing of that. */
	private mayShowMore(
		{ aheadMs = journalOf(this.context).aheadMs }: Account,
		{ newest }: Existing,
	): boolean {
		return (
			newest !== undefined && !(aheadMs !== undefined && newest < elapsed() + aheadMs - FRESH_MS)
		);
	}

	private runIndex(): number {
		return this.context.getWorkflowDataProxy(0).$runIndex as number;
	}

	/** The note that all tries and runs of the node in this execution share. n8n keeps it until the execution ends. */
	private noteOfRuns(): RunNote {
		return this.context.getContext('node') as RunNote;
	}

	private async readNow(account: Account, spaceId: string): Promise<Existing> {
		const existing: Existing = { at: elapsed(), ids: new Set(), unused: new Map() };
		for await (const testimonial of this.list(account, spaceId)) {
			const id = testimonial.id as string;
			// What moved while the list was read may come twice.
			if (existing.ids.has(id)) continue;
			existing.ids.add(id);
			if (this.claimed.has(id)) continue;
			const created = createdAt(testimonial);
			if (!(created <= (existing.newest ?? -Infinity))) existing.newest = created;
			const key = contentKey(testimonial);
			const same = existing.unused.get(key);
			if (same) same.push(testimonial);
			else existing.unused.set(key, [testimonial]);
		}
		return existing;
	}

	/**
	 * All testimonials of a space, some perhaps twice. Whether the list holds those that wait for approval when no status is asked for is
	 * not published, so each status that it does not show is asked for.
	 *
	 * @throws when the execution is cancelled
	 */
	private async *list(account: Account, spaceId: string): AsyncGenerator<IDataObject> {
		const began = elapsed();
		const shown = new Set<unknown>();
		for await (const testimonial of this.listWith(account, spaceId)) {
			shown.add(testimonial.status);
			yield testimonial;
		}
		for (const status of TESTIMONIAL_STATUSES) {
			if (shown.has(status)) continue;
			for await (const testimonial of this.listWith(account, spaceId, status)) {
				// An API that does not filter by status has given all of these before.
				if (typeof testimonial.status === 'string' && !isSameWord(testimonial.status, status))
					break;
				yield testimonial;
			}
		}
		account.readingMs = elapsed() - began;
	}

	private async *listWith(
		{ credential }: Account,
		spaceId: string,
		status?: string,
	): AsyncGenerator<IDataObject> {
		const testimonials = list(this.context, {
			path: '/v1/testimonials',
			query: { space_id: spaceId, status },
			credential,
		});
		for await (const testimonial of testimonials as AsyncIterable<IDataObject>) {
			if (this.context.getExecutionCancelSignal()?.aborted)
				throw new Error('The execution was cancelled');
			// Also where the API does not filter by space.
			if (testimonial.space_id === undefined || testimonial.space_id === spaceId) yield testimonial;
		}
	}
}
