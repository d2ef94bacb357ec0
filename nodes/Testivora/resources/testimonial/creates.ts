import type { IDataObject, IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

import { list, request } from '../../../shared/api';
import { hasStatus, inputError } from '../../../shared/errors';
import { elapsed, journalOf } from '../../../shared/journal';
import { objectSchema, TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import { waitUnlessCancelled } from '../../../shared/waiting';
import { contentKey } from './sameness';
import { isCreateInDoubt, settle } from './settle';
import type { OpenCreate, Service, Settled } from './settle';

/** The testimonials that were in a space before an import began. */
interface Existing {
	ids: Set<string>;
	/** By content; each stands for one row of the import only. */
	unused: Map<string, IDataObject[]>;
}

/** All creates of one run of the node: what one of them finds out, the others use. */
export class Creates {
	/** Rows that were not created because the space had them. */
	private skipped = 0;
	/** Rows that were not sent because the quota is used up, and the one that was refused for it. */
	private beyondQuota = 0;
	/** Items of which it is not known whether they were created. */
	private readonly inDoubt: number[] = [];
	private readonly open: OpenCreate[] = [];
	/** IDs of testimonials that are the answer to one of these creates. */
	private readonly claimed = new Set<string>();
	private readonly existing = new Map<string, Promise<Existing>>();
	/** `created_at` of the testimonial that was created last, in milliseconds since 1970. */
	private lastCreated?: number;
	/** By how many milliseconds the clock of `created_at` is at least ahead of {@link elapsed}. */
	private aheadMs?: number;
	private givesBackContent = true;
	private quotaUsedUp = false;

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
		const existing = skipExisting ? await this.takeExisting(body) : undefined;
		if (existing) {
			this.skipped += 1;
			return { ...existing, alreadyExisted: true };
		}
		const begun = elapsed();
		const outcome = await this.send(body, itemIndex).catch((error: Error) => error);
		if (!(outcome instanceof Error)) return outcome;
		if (!isCreateInDoubt(outcome)) throw outcome;
		const open: OpenCreate = {
			itemIndex,
			body,
			error: outcome,
			begun,
			ended: elapsed(),
			sent: 1,
			handledFrom: this.lastCreated,
		};
		if (!this.atOnce) {
			this.open.push(open);
			throw outcome;
		}
		const settled = (await this.settleAll([open])).get(open)!;
		if ('error' in settled) throw settled.error;
		return settled.testimonial;
	}

	/** @returns how the creates in doubt ended, by their item */
	async settleOpen(): Promise<Map<number, IDataObject | Error>> {
		const outcomes = new Map<number, IDataObject | Error>();
		for (const [{ itemIndex }, settled] of await this.settleAll(this.open)) {
			outcomes.set(itemIndex, 'error' in settled ? settled.error : settled.testimonial);
			if ('error' in settled && settled.inDoubt) this.inDoubt.push(itemIndex);
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

	private async settleAll(open: OpenCreate[]): Promise<Map<OpenCreate, Settled>> {
		if (open.length === 0) return new Map();
		const known = new Map<string, Existing>();
		for (const [spaceId, reading] of this.existing) {
			const existing = await reading.catch(() => undefined);
			if (existing) known.set(spaceId, existing);
		}
		const service: Service = {
			list: (spaceId) => this.list(spaceId),
			send: async ({ body, itemIndex }) => await this.send(body, itemIndex),
			wait: async (ms) => await waitUnlessCancelled(this.context, ms, open[0].error),
			now: elapsed,
			wasThere: (spaceId, id) => known.get(spaceId)?.ids.has(id),
			handledFrom: ({ handledFrom, begun }) => {
				const ahead = this.aheadMs ?? journalOf(this.context).aheadMs;
				return handledFrom ?? (ahead === undefined ? undefined : begun + ahead);
			},
			givesBackContent: () => this.givesBackContent,
		};
		return await settle(open, this.claimed, service);
	}

	private async send(body: IDataObject, itemIndex: number): Promise<IDataObject> {
		if (this.quotaUsedUp) {
			this.beyondQuota += 1;
			throw inputError(
				this.context.getNode(),
				'The monthly quota of your Testivora plan is used up: this item was not sent',
				'Wait for the next month or upgrade the plan in Testivora, then run this item again.',
				itemIndex,
			);
		}
		const source = { method: 'POST', path: '/v1/testimonials', body, itemIndex } as const;
		const testimonial = (await request(this.context, source, objectSchema).catch((error: unknown) => {
			if (hasStatus(error, 402)) {
				this.quotaUsedUp = true;
				this.beyondQuota += 1;
			}
			throw error;
		})) as IDataObject;
		this.learnFrom(testimonial, body);
		return testimonial;
	}

	private learnFrom(testimonial: IDataObject, body: IDataObject): void {
		this.claimed.add(testimonial.id as string);
		const created = Date.parse(String(testimonial.created_at));
		if (!Number.isNaN(created)) {
			this.lastCreated = created;
			this.aheadMs = Math.max(this.aheadMs ?? -Infinity, created - elapsed());
		}
		// An answer may leave fields out; one that has them changed tells that texts are not given back as sent.
		if (contentKey({ ...body, ...testimonial }) !== contentKey(body)) this.givesBackContent = false;
	}

	/** A testimonial of this content that was there before the import and stands for no other row of it. */
	private async takeExisting(body: IDataObject): Promise<IDataObject | undefined> {
		const spaceId = body.space_id as string;
		// Kept also when it fails, as every row would wait for it anew.
		const reading = this.existing.get(spaceId) ?? this.readExisting(spaceId);
		this.existing.set(spaceId, reading);
		const found = (await reading).unused.get(contentKey(body))?.shift();
		if (found) this.claimed.add(found.id as string);
		return found;
	}

	private async readExisting(spaceId: string): Promise<Existing> {
		const existing: Existing = { ids: new Set(), unused: new Map() };
		for await (const testimonial of this.list(spaceId)) {
			const key = contentKey(testimonial);
			// What moved while the list was read may come twice.
			if (existing.ids.has(testimonial.id as string)) continue;
			existing.ids.add(testimonial.id as string);
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
	private async *list(spaceId: string): AsyncGenerator<IDataObject> {
		const shown = new Set<unknown>();
		for await (const testimonial of this.listWith(spaceId)) {
			shown.add(testimonial.status);
			yield testimonial;
		}
		for (const status of TESTIMONIAL_STATUSES) if (!shown.has(status)) yield* this.listWith(spaceId, status);
	}

	private async *listWith(spaceId: string, status?: string): AsyncGenerator<IDataObject> {
		const testimonials = list(this.context, { path: '/v1/testimonials', query: { space_id: spaceId, status } });
		for await (const testimonial of testimonials as AsyncIterable<IDataObject>) {
			if (this.context.getExecutionCancelSignal()?.aborted) throw new Error('The execution was cancelled');
			// Also where the API does not filter by space.
			if (testimonial.space_id === undefined || testimonial.space_id === spaceId) yield testimonial;
		}
	}
}
