import type { ZodTypeAny } from 'zod';

import { eventSchema } from '../../nodes/shared/schemas.ts';
import { idInput } from '../../nodes/shared/input.ts';
import {
	booleanInput,
	eventsInput,
	limitInput,
	ratingInput,
	secretInput,
	tagsFilterInput,
	tagsInput,
	testimonialStatusInput,
	testimonialTypesInput,
	textInput,
	urlInput,
} from '../../nodes/Testivora/resources/inputs.ts';

const NOTHING = [undefined, null];

describe.each<[string, ZodTypeAny, Array<[unknown, unknown]>, unknown[]]>([
	['text', textInput, [[' Hi ', 'Hi']], [...NOTHING, '', '  ', 5, {}]],
	[
		'rating',
		ratingInput,
		[
			[1, 1],
			[' 5 ', 5],
			['4.0', 4],
		],
		[...NOTHING, 0, 6, 4.5, '4.5', '', 'five', NaN, true],
	],
	[
		'URL',
		urlInput,
		[
			[' https://a.test/b ', 'https://a.test/b'],
			['http://a.test', 'http://a.test'],
		],
		[...NOTHING, '', 'a.test', '//a.test', 'ftp://a.test', 'javascript:alert(1)', 5],
	],
	[
		'ID',
		idInput,
		[
			[' a ', 'a'],
			[7, '7'],
			['a/b', 'a/b'],
		],
		[...NOTHING, '', ' ', '.', ' .. ', 'x'.repeat(256), {}, NaN, 0, -1, 1.5, Infinity, 1e21],
	],
	[
		'tags',
		tagsInput,
		[
			[' a, ,b c ', ['a', 'b c']],
			[['a ', ''], ['a']],
			['', []],
			[' ["a", "b, c"]', ['a', 'b, c']],
			['[a], b', ['[a]', 'b']],
		],
		[...NOTHING, 5, [1], {}, '[1]'],
	],
	[
		'status',
		testimonialStatusInput,
		[
			[' Approved ', 'approved'],
			['onHold', 'onHold'],
		],
		[...NOTHING, '', ' ', 5],
	],
	[
		'types',
		testimonialTypesInput,
		[
			['Text,VIDEO', ['text', 'video']],
			[['Audio'], ['Audio']],
		],
		[...NOTHING, 5, '', [], ' , ', ['']],
	],
	[
		'tags to filter by',
		tagsFilterInput,
		[[' a, ,b c ', ['a', 'b c']]],
		[...NOTHING, 5, '', [], ' , ', ['']],
	],
	[
		'events',
		eventsInput,
		[['testimonial.created', ['testimonial.created']]],
		[...NOTHING, '', [], [' ']],
	],
	[
		'switch',
		booleanInput,
		[
			[true, true],
			[' False ', false],
		],
		[...NOTHING, '', 'yes', 1],
	],
	[
		'limit',
		limitInput,
		[
			[1, 1],
			['20', 20],
		],
		[...NOTHING, 0, -1, 1.5, '', 'all', Infinity],
	],
	[
		'secret',
		secretInput,
		[[` whsec_${'aB3+/'.repeat(8)}== `, `whsec_${'aB3+/'.repeat(8)}==`]],
		[...NOTHING, '', 'whsec_', 'whsec_short', 'x'.repeat(40), `whsec_${' '.repeat(40)}`],
	],
])('%s', (_name, schema, good, bad) => {
	test.each(good)('%j is %j', (given, expected) => expect(schema.parse(given)).toEqual(expected));
	test.each(bad)('%p is refused with the end of a sentence that begins with the label', (given) => {
		const message = schema.safeParse(given).error?.issues[0].message;
		expect(message).toMatch(/^must /);
	});
});

test.each([
	null,
	[],
	'x',
	{},
	{ id: 5 },
	{ id: 'e' },
	{ id: 'e', event: 'x' },
	{ id: 'e', event: 'x', data: [] },
])('%j is not an event', (body) => expect(eventSchema.safeParse(body).success).toBe(false));
