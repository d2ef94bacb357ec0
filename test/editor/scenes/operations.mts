import { addAll, choose, labels, offers, openAction, reads } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

interface Form {
	/** The labels below "Operation", in order. */
	fields: string[];
	/** What can be added to those of the fields that are collections; they come last. */
	optional?: Record<string, string[]>;
}

const AUTHOR = ['Author Company', 'Author Photo URL', 'Author Social URL', 'Author Title'];
const CONTENT = ['Featured', 'Rating', 'Status', 'Tags'];

/** The resources and their operations, in the order of the lists. */
const RESOURCES: Record<string, Record<string, Form>> = {
	Account: { Get: { fields: [] } },
	Space: { 'Get Many': { fields: ['Return All', 'Limit'] } },
	Testimonial: {
		Approve: { fields: ['Testimonial'] },
		Create: {
			fields: ['Space', 'Text', 'Author Name', 'Additional Fields', 'Options'],
			optional: {
				'Additional Fields': [...AUTHOR, ...CONTENT, 'Type'],
				Options: ['Skip Existing'],
			},
		},
		Get: { fields: ['Testimonial', 'Simplify'] },
		'Get Many': {
			fields: ['Space', 'Return All', 'Limit', 'Simplify', 'Filters'],
			optional: {
				Filters: [
					'Created After',
					'Created Before',
					'Featured',
					'Minimum Rating',
					'Status',
					'Tags',
					'Types',
				],
			},
		},
		Reject: { fields: ['Testimonial'] },
		Update: {
			fields: ['Testimonial', 'Update Fields'],
			optional: {
				'Update Fields': ['Author Company', 'Author Name', ...AUTHOR.slice(1), ...CONTENT, 'Text'],
			},
		},
	},
	Wall: { 'Get Many': { fields: ['Space', 'Return All', 'Limit'] } },
	Webhook: {
		Create: {
			fields: ['URL', 'Events', 'Additional Fields'],
			optional: { 'Additional Fields': ['Signing Secret', 'Status'] },
		},
		Delete: { fields: ['Webhook'] },
		Get: { fields: ['Webhook'] },
		'Get Many': { fields: ['Return All', 'Limit', 'Filters'], optional: { Filters: ['Status'] } },
		Update: {
			fields: ['Webhook', 'Update Fields'],
			optional: { 'Update Fields': ['Events', 'Signing Secret', 'Status', 'URL'] },
		},
	},
};

/** n8n adds this to the resources and the operations of every action node. */
const BY_N8N = 'Custom API Call';

/** Every operation of the action, with its fields in order. */
export const operations: Record<string, Scene> = Object.fromEntries(
	Object.entries(RESOURCES).map(([resource, forms]) => [
		`The operations of ${resource}`,
		async (tour: Tour) => {
			await openAction(tour);
			await offers(tour, 'resource', [...Object.keys(RESOURCES), BY_N8N]);
			await tour.editor.shot('resources');
			await choose(tour, resource);
			for (const operation of Object.keys(forms)) await opens(tour, resource, operation);
		},
	]),
);

async function opens(tour: Tour, resource: string, operation: string): Promise<void> {
	const { editor } = tour;
	const picture = `operation-${resource}-${operation}`.toLowerCase().replaceAll(' ', '-');
	const { fields, optional } = RESOURCES[resource][operation];
	await offers(tour, 'operation', [...Object.keys(RESOURCES[resource]), BY_N8N]);
	await editor.shot(`${picture}-list`);
	await choose(tour, operation);
	const all = ['Resource', 'Operation', ...fields];
	await reads(labels(tour), all, `the fields of ${operation}`);
	await editor.shot(picture);
	if (!optional) return;
	for (const collection of Object.keys(optional).reverse())
		await addAll(tour, optional[collection]);
	await reads(
		labels(tour),
		all.flatMap((label) => [label, ...(optional[label] ?? [])]),
		`the fields of ${operation} with all that can be added`,
	);
	await editor.shot(`${picture}-all`);
}
