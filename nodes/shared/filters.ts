/** Conditions on a testimonial; it must meet all of them. An absent field is no condition. */
export interface TestimonialFilters {
	/** Case does not matter. A testimonial without a status does not pass. */
	status?: string;
	/** 1 to 5. A testimonial without a rating does not pass. */
	minRating?: number;
	types?: string[];
	/** One of them is enough; case does not matter. */
	tags?: string[];
	featured?: boolean;
	/** Milliseconds since 1970, both ends included. A testimonial without a readable date does not pass. */
	createdAfter?: number;
	createdBefore?: number;
}

/**
 * Why a testimonial does not pass the filters; undefined when it passes.
 *
 * @param testimonial as it came from the API or with an event
 */
export function whyUnwanted(
	testimonial: Record<string, unknown>,
	filters: TestimonialFilters,
): string | undefined {
	const { rating, type, featured, status } = testimonial;
	if (filters.status !== undefined && !isSameWord(status, filters.status)) {
		return `its status is not ${filters.status}`;
	}
	if (
		filters.minRating !== undefined &&
		!(typeof rating === 'number' && rating >= filters.minRating)
	) {
		return `its rating is below ${filters.minRating}`;
	}
	if (filters.types?.length && !(typeof type === 'string' && filters.types.includes(type))) {
		return `its type is not ${filters.types.join(' or ')}`;
	}
	if (filters.tags?.length && !hasAnyTag(testimonial.tags, filters.tags)) {
		return `it has none of the tags ${filters.tags.join(', ')}`;
	}
	if (filters.featured !== undefined && (featured === true) !== filters.featured) {
		return filters.featured ? 'it is not featured' : 'it is featured';
	}
	if (filters.createdAfter !== undefined && !(createdAt(testimonial) >= filters.createdAfter)) {
		return 'it was created earlier';
	}
	if (filters.createdBefore !== undefined && !(createdAt(testimonial) <= filters.createdBefore)) {
		return 'it was created later';
	}
	return undefined;
}

/** Whether a value from outside is this text; case does not matter. */
export function isSameWord(value: unknown, word: string): boolean {
	return typeof value === 'string' && value.toLowerCase() === word.toLowerCase();
}

function hasAnyTag(tags: unknown, wanted: string[]): boolean {
	if (!Array.isArray(tags)) return false;
	const lower = new Set(
		tags.filter((tag) => typeof tag === 'string').map((tag) => tag.trim().toLowerCase()),
	);
	return wanted.some((tag) => lower.has(tag.toLowerCase()));
}

/** The testimonial that was created last; undefined when there are none. */
export function newestOf<Testimonial extends Record<string, unknown>>(
	testimonials: Testimonial[],
): Testimonial | undefined {
	const time = (testimonial: Testimonial) => createdAt(testimonial) || 0;
	return testimonials.reduce<Testimonial | undefined>(
		(one, other) => (one && time(one) >= time(other) ? one : other),
		undefined,
	);
}

/** When a testimonial was created, in milliseconds since 1970; NaN without a readable date. */
export function createdAt({ created_at: created }: Record<string, unknown>): number {
	return typeof created === 'string' ? Date.parse(created) : Number.NaN;
}
