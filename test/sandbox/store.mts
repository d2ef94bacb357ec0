import { randomBytes } from 'node:crypto';

/** What the sandbox keeps, in memory: objects as published, and otherwise as assumptions A1 and A3 have them. */

export interface Testimonial {
	id: string;
	object: 'testimonial';
	space_id: string;
	type: string;
	status: string;
	rating: number | null;
	text: string;
	featured: boolean;
	tags: string[];
	author: Record<string, unknown>;
	video: unknown;
	created_at: string;
	published_at: string | null;
}

export interface StoredEndpoint {
	id: string;
	object: 'webhook';
	url: string;
	status: string;
	events: string[];
	created_at: string;
	updated_at: string;
	/** No GET shows it. */
	secret: string;
	/** Events in a row that could not be delivered. */
	givenUp: number;
}

export interface Key {
	key: string;
	scopes: Array<'read' | 'write'>;
	tier: 'Starter' | 'Growth' | 'Agency';
}

export interface Store {
	keys: Key[];
	spaces: Array<{ id: string; object: 'space'; name: string; created_at: string }>;
	walls: Array<{ id: string; object: 'wall'; name: string; space_id: string; created_at: string }>;
	/** Newest first. */
	testimonials: Testimonial[];
	endpoints: StoredEndpoint[];
}

/** A new ID such as "wh_3hF2bQ…". */
export const newId = (prefix: string): string =>
	`${prefix}_${randomBytes(12).toString('base64url').replace(/[-_]/g, 'x')}`;

const newKey = (): string => `tv_live_${randomBytes(16).toString('hex')}`;

/** A store with three keys (full access, read only, plan without API), with spaces and walls and, when seeded, testimonials. */
export function newStore(seed: boolean): Store {
	const now = Date.now();
	const at = (minutesAgo: number) => new Date(now - minutesAgo * 60_000).toISOString();
	const store: Store = {
		keys: [
			{ key: newKey(), scopes: ['read', 'write'], tier: 'Agency' },
			{ key: newKey(), scopes: ['read'], tier: 'Growth' },
			{ key: newKey(), scopes: ['read', 'write'], tier: 'Starter' },
		],
		spaces: [
			{ id: 'spc_courses', object: 'space', name: 'Online Courses', created_at: at(300) },
			{ id: 'spc_coaching', object: 'space', name: 'Coaching', created_at: at(400) },
		],
		walls: [
			{
				id: 'wal_home',
				object: 'wall',
				name: 'Home Page',
				space_id: 'spc_courses',
				created_at: at(200),
			},
			{
				id: 'wal_prices',
				object: 'wall',
				name: 'Price List',
				space_id: 'spc_coaching',
				created_at: at(210),
			},
		],
		testimonials: [],
		endpoints: [],
	};
	if (seed) {
		const samples: Array<[string, string, number | null, string, string[]]> = [
			['Ana López', 'Cerré 3 clientes en una semana.', 5, 'approved', ['onboarding']],
			['Tom Baker', 'Clear, kind and to the point.', 4, 'approved', ['coaching']],
			['Mina Sato', 'I expected more examples.', 2, 'pending', []],
			[
				'Jonas Weber',
				'Endlich ein Kurs, den ich zu Ende gemacht habe.',
				5,
				'pending',
				['onboarding', 'course'],
			],
		];
		store.testimonials = samples.map(([name, text, rating, status, tags], index) => ({
			...newTestimonial({
				space_id: index % 2 ? 'spc_coaching' : 'spc_courses',
				text,
				rating,
				tags,
				status,
				author: { name },
			}),
			created_at: at(10 + index * 30),
		}));
	}
	return store;
}

/** A testimonial as POST makes it; the service fills in fields that are not given. */
export function newTestimonial(given: Partial<Testimonial>): Testimonial {
	const now = new Date().toISOString();
	const status = given.status ?? 'pending';
	return {
		id: newId('tst'),
		object: 'testimonial',
		space_id: given.space_id ?? 'spc_courses',
		type: given.type ?? 'text',
		status,
		rating: given.rating ?? null,
		text: given.text ?? '',
		featured: given.featured ?? false,
		tags: given.tags ?? [],
		author: {
			name: 'Anonymous',
			title: null,
			company: null,
			photo_url: null,
			social: null,
			...given.author,
		},
		video: given.video ?? null,
		created_at: given.created_at ?? now,
		published_at: given.published_at ?? (status === 'approved' ? now : null),
	};
}
