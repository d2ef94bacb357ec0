import type { IDataObject, INode, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { checkInput } from '../../../shared/input';
import { TESTIMONIAL_STATUSES, TESTIMONIAL_TYPES } from '../../../shared/schemas';
import {
	booleanInput,
	ratingInput,
	tagsInput,
	testimonialStatusInput,
	testimonialTypeInput,
	textInput,
	urlInput,
} from '../inputs';
import { locator } from '../parameters';

export const testimonialIdField: INodeProperties = locator({
	displayName: 'Testimonial',
	name: 'testimonialId',
	description:
		'The testimonial, chosen from the list or by its ID. To act on each one that Get Many or the trigger gives, drag its ID here.',
	searchListMethod: 'searchTestimonials',
	exampleId: 'j97c2m8x4k',
	listPlaceholder: 'Choose, or drag an ID here',
	required: true,
});

const optionsOf = (values: readonly string[]): INodePropertyOptions[] =>
	values.map((value) => ({ name: value[0].toUpperCase() + value.slice(1), value }));

export const statusOptions = optionsOf(TESTIMONIAL_STATUSES);
export const typeOptions = optionsOf(TESTIMONIAL_TYPES);

/** The optional fields of a testimonial, in the order of the editor. */
export const optionalFields: INodeProperties[] = [
	{
		displayName: 'Author Company',
		name: 'authorCompany',
		type: 'string',
		default: '',
		placeholder: 'e.g. Acme',
		description: 'Company or organization of the author',
	},
	{
		displayName: 'Author Photo URL',
		name: 'authorPhotoUrl',
		type: 'string',
		default: '',
		placeholder: 'e.g. https://example.com/ana.jpg',
		description: 'Web address of a photo of the author, beginning with https://',
	},
	{
		displayName: 'Author Social URL',
		name: 'authorSocial',
		type: 'string',
		default: '',
		placeholder: 'e.g. https://instagram.com/ana',
		description: 'Web address of a social profile of the author, beginning with https://',
	},
	{
		displayName: 'Author Title',
		name: 'authorTitle',
		type: 'string',
		default: '',
		placeholder: 'e.g. Coach',
		description: 'Profession or position of the author',
	},
	{
		displayName: 'Featured',
		name: 'featured',
		type: 'boolean',
		default: true,
		description: 'Whether the testimonial is highlighted',
	},
	{
		displayName: 'Rating',
		name: 'rating',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 5, numberPrecision: 0 },
		default: 5,
		description: 'Number of stars, a whole number from 1 to 5',
	},
	{
		displayName: 'Status',
		name: 'status',
		type: 'options',
		options: statusOptions,
		default: 'approved',
		description: 'Pending (waits for a decision), approved (may be shown) or rejected',
	},
	{
		displayName: 'Tags',
		name: 'tags',
		type: 'string',
		default: '',
		placeholder: 'e.g. onboarding, coaching',
		description: 'Tags, separated by commas; an expression or an AI model may also give a list',
	},
];

/** For each field of the editor: its label, its schema, and its path in the API's testimonial. */
const FIELDS = {
	text: { label: 'Text', schema: textInput, path: ['text'] },
	rating: { label: 'Rating', schema: ratingInput, path: ['rating'] },
	status: { label: 'Status', schema: testimonialStatusInput, path: ['status'] },
	type: { label: 'Type', schema: testimonialTypeInput, path: ['type'] },
	featured: { label: 'Featured', schema: booleanInput, path: ['featured'] },
	tags: { label: 'Tags', schema: tagsInput, path: ['tags'] },
	authorName: { label: 'Author Name', schema: textInput, path: ['author', 'name'] },
	authorTitle: { label: 'Author Title', schema: textInput, path: ['author', 'title'] },
	authorCompany: { label: 'Author Company', schema: textInput, path: ['author', 'company'] },
	authorPhotoUrl: { label: 'Author Photo URL', schema: urlInput, path: ['author', 'photo_url'] },
	authorSocial: { label: 'Author Social URL', schema: urlInput, path: ['author', 'social'] },
};

/** Fields that an update removes when they are empty texts (assumption A4). */
const REMOVABLE = ['authorTitle', 'authorCompany', 'authorPhotoUrl', 'authorSocial'];

/**
 * The body of a POST or PATCH for a testimonial, validated. A PATCH leaves absent fields as they are, those of `author` too, and removes
 * a field of `author` that is an empty text (assumption A4).
 *
 * @param fields by their names in the editor; undefined and null count as absent
 * @throws NodeOperationError that names the field's label and the item
 */
export function contentOf(fields: IDataObject, node: INode, itemIndex: number): IDataObject {
	const content: IDataObject = {};
	for (const [name, { label, schema, path }] of Object.entries(FIELDS)) {
		const value = fields[name];
		if (value === undefined || value === null) continue;
		const checked =
			value === '' && REMOVABLE.includes(name)
				? ''
				: checkInput(schema, value, label, node, itemIndex);
		if (path.length === 1) content[path[0]] = checked;
		else content.author = { ...(content.author as IDataObject), [path[1]]: checked };
	}
	return content;
}
