import type { ICredentialDataDecryptedObject, IDataObject, IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

import { list, request } from '../../../shared/api';
import { hasStatus, inputError } from '../../../shared/errors';
import { createdAt } from '../../../shared/filters';
import { elapsed, journalOf } from '../../../shared/journal';
import { objectSchema, TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import { waitUnlessCancelled } from '../../../shared/waiting';
import { contentKey } from './sameness';
import { isCreateInDoubt, settle } from './settle';
import type { OpenCreate, Service, Settled } from './settle';

/** The testimonials that a space had when it was read. */
interface Existing {
	/** When that was, by {@link elapsed}. */
	at: number;
	ids: Set<string>;
	/** By content; each stands for one row of the import only. */
	unused: Map<string, IDataObject[]>;
}

/** What the creates with one credential have found out. Items have different ones where the credential holds an expression. */
class Account {
	quotaUsedUp = false;
	/** Whether texts come back as they were sent. */
	givesBackContent = true;
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

	/** @param atOnce whether a create in doubt is settled before the next one, because the run ends with the first one that fails */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly atOnce: boolean,
	) {}

	/**
	 * Creates a testimonial, unless the space has it.
	 *
	 * @param body as POST takes it
	 * @throws NodeApiError or NodeOperationError; where the outcome is unknown and is not settled at once, {@link settleOpen} replaces it
	 */
	async create(body: IDataObject, itemIndex: number, skipExisting: boolean): Promise<IDataObject> {
		const account = await this.accountOf(itemIndex);
		const existing = skipExisting ? await this.takeExisting(account, body) : undefined;
		if (existing) {
			this.skipped += 1;
			return { ...existing, alreadyExisted: true };
		}
		const { lastCreated } = account;
		const outcome = await this.send(account, body, itemIndex).catch((error: Error) => error);
		if (!(outcome instanceof Error)) return outcome;
		if (!isCreateInDoubt(outcome)) throw outcome;
		const ended = elapsed();
		const begun = journalOf(this.context).postedAt ?? ended;
		const open: OpenCreate = { itemIndex, body, error: outcome, begun, ended, sent: 1, lastCreated };
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
		return [
			...(this.skipped > 0 ? [{ message: `Not created again, because the space has them already: ${this.skipped}` }] : []),
			...(items.length > 0
				? [
						{
							type: 'warning' as const,
							message: `Not known whether these were created: items ${items.slice(0, 20).join(', ')}${items.length > 20 ? ', …' : ''}. Run them again with the option Skip Existing.`,
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
		const credential: ICredentialDataDecryptedObject = await this.context.getCredentials('testivoraApi', itemIndex);
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
		const source = { method: 'POST', path: '/v1/testimonials', body, itemIndex, credential: account.credential } as const;
		const testimonial = (await request(this.context, source, objectSchema).catch((error: unknown) => {
			if (hasStatus(error, 402)) {
				account.quotaUsedUp = true;
				this.beyondQuota += 1;
			}
			throw error;
		})) as IDataObject;
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
		if (contentKey({ ...body, ...testimonial }) !== contentKey(body)) account.givesBackContent = false;
	}

	/** A testimonial of this content that was there before the row and stands for no other row of the import. */
	private async takeExisting(account: Account, body: IDataObject): Promise<IDataObject | undefined> {
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

	private async readExisting(account: Account, spaceId: string): Promise<Existing> {
		const existing: Existing = { at: elapsed(), ids: new Set(), unused: new Map() };
		for await (const testimonial of this.list(account, spaceId)) {
			const id = testimonial.id as string;
			// What moved while the list was read may come twice.
			if (existing.ids.has(id)) continue;
			existing.ids.add(id);
			if (this.claimed.has(id)) continue;
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
		const shown = new Set<unknown>();
		for await (const testimonial of this.listWith(account, spaceId)) {
			shown.add(testimonial.status);
			yield testimonial;
		}
		for (const status of TESTIMONIAL_STATUSES) if (!shown.has(status)) yield* this.listWith(account, spaceId, status);
	}

	private async *listWith({ credential }: Account, spaceId: string, status?: string): AsyncGenerator<IDataObject> {
		const testimonials = list(this.context, { path: '/v1/testimonials', query: { space_id: spaceId, status }, credential });
		for await (const testimonial of testimonials as AsyncIterable<IDataObject>) {
			if (this.context.getExecutionCancelSignal()?.aborted) throw new Error('The execution was cancelled');
			// Also where the API does not filter by space.
			if (testimonial.space_id === undefined || testimonial.space_id === spaceId) yield testimonial;
		}
	}
}
