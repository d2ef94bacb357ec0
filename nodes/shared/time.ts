import { tryToParseDateTime } from 'n8n-workflow';

/** ISO 8601 and SQL: year, month and day first. */
const YEAR_FIRST = /^\d{4}-\d{2}-\d{2}(?!\d)/;
/** RFC 2822 and HTTP, such as "Wed, 03 Jun 2026 10:00:00 GMT". */
const NAMED_MONTH = /^([A-Z][a-z]+, )?\d{1,2} [A-Z][a-z]{2} \d{4}\b/;

/**
 * A date from a field, in milliseconds since 1970; undefined when it is not one.
 *
 * n8n's parser falls back to `Date.parse`, which makes 2001-05-01 of "5" and reads 03/06 as March 6: such texts are refused.
 *
 * @param value a text, a Date or a Luxon DateTime
 * @param timezone applies to a text without a time zone, as the date picker gives it
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
