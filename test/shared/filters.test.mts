import { whyUnwanted } from '../../nodes/shared/filters.ts';

const testimonial = {
	rating: 4,
	type: 'text',
	tags: ['Onboarding', ' VIP '],
	featured: true,
	created_at: '2026-06-03T00:00:00.000Z',
};
const at = Date.parse(testimonial.created_at);

test.each([
	[{}],
	[{ minRating: 4 }],
	[{ types: ['video', 'text'] }],
	[{ types: [] }],
	[{ tags: ['vip'] }],
	[{ tags: [] }],
	[{ featured: true }],
	[{ createdAfter: at, createdBefore: at }],
])('a testimonial passes %j', (filters) =>
	expect(whyUnwanted(testimonial, filters)).toBeUndefined(),
);

test.each([
	[{ minRating: 5 }, 'its rating is below 5'],
	[{ types: ['video'] }, 'its type is not video'],
	[{ tags: ['coaching', 'sales'] }, 'it has none of the tags coaching, sales'],
	[{ featured: false }, 'it is featured'],
	[{ createdAfter: at + 1 }, 'it was created earlier'],
	[{ createdBefore: at - 1 }, 'it was created later'],
])('a testimonial does not pass %j', (filters, why) =>
	expect(whyUnwanted(testimonial, filters)).toBe(why),
);

test.each([
	[{ minRating: 1 }],
	[{ types: ['text'] }],
	[{ tags: ['vip'] }],
	[{ featured: true }],
	[{ createdAfter: 0 }],
	[{ createdBefore: at }],
])('a testimonial without the field, or with a wrong type, does not pass %j', (filters) => {
	expect(whyUnwanted({}, filters)).toBeDefined();
	expect(
		whyUnwanted({ rating: '5', type: null, tags: 'vip', featured: 'yes', created_at: 5 }, filters),
	).toBeDefined();
});
