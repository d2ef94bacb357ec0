import { tryToParseDateTime } from 'n8n-workflow';

/** ISO 8601 and SQL: year, month and day first. */
const YEAR_FIRST = /^\d{4}-\d{2}-\d{2}(?!\d)/;
/** RFC 2822 and HTTP, such as "Wed, 03 Jun 2026 10:00:00 GMT". */
const NAMED_MONTH = /^([A-Z][a-z]+, )?\d{1,2} [A-Z][a-z]{2} \d{4}\b/;

/**
 * A date from a field, in milliseconds since 1970; undefined when it is none.
 *
 * n8n's parser falls back to `Date.parse`, which takes "5" for 2001-05-01 and "03/06" for March 6, so only two formats reach it.
 *
 * @param value a text, a Date or a Luxon DateTime
 * @param timezone of a text that has none, such as the date picker's
 */
export function timeOf(value: unknown, timezone: string): number | undefined {
	if (typeof value !== 'object') {
		const text = String(value).trim();
		if (!YEAR_FIRST.test(text) && !NAMED_MONTH.test(text)) return undefined;
	}
	try {
		return tryToParseDateTime(value, timezone).toMillis();
	} catch {
		return undefined;
	}
}
