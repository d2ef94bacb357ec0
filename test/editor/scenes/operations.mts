import { addAll, choose, labels, offers, openAction, reads } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

interface Looks {
  /** The labels below "Operation", in order. */
  fields: string[];
  /** What can be added to the last of the fields. */
  optional?: string[];
}

const AUTHOR = ['Author Company', 'Author Photo URL', 'Author Social URL', 'Author Title'];
const CONTENT = ['Featured', 'Rating', 'Status', 'Tags'];

/** The resources and their operations, in the order of the lists. */
const RESOURCES: Record<string, Record<string, Looks>> = {
  Account: { Get: { fields: [] } },
  Space: { 'Get Many': { fields: ['Return All', 'Limit'] } },
  Testimonial: {
    Create: { fields: ['Space', 'Text', 'Author Name', 'Additional Fields'], optional: [...AUTHOR, ...CONTENT, 'Type'] },
    Get: { fields: ['Testimonial', 'Simplify'] },
    'Get Many': {
      fields: ['Space', 'Return All', 'Limit', 'Simplify', 'Filters'],
      optional: ['Created After', 'Created Before', 'Featured', 'Minimum Rating', 'Status', 'Tags', 'Types'],
    },
    Update: {
      fields: ['Testimonial', 'Update Fields'],
      optional: ['Author Company', 'Author Name', ...AUTHOR.slice(1), ...CONTENT, 'Text'],
    },
  },
  Wall: { 'Get Many': { fields: ['Space', 'Return All', 'Limit'] } },
  Webhook: {
    Create: { fields: ['URL', 'Events', 'Additional Fields'], optional: ['Signing Secret', 'Status'] },
    Delete: { fields: ['Webhook'] },
    Get: { fields: ['Webhook'] },
    'Get Many': { fields: ['Return All', 'Limit', 'Filters'], optional: ['Status'] },
    Update: { fields: ['Webhook', 'Update Fields'], optional: ['Events', 'Signing Secret', 'Status', 'URL'] },
  },
};

/** n8n adds this to both lists of every action. */
const BY_N8N = 'Custom API Call';

/** Every operation of the action, with its fields. */
export const operations: Record<string, Scene> = Object.fromEntries(
  Object.entries(RESOURCES).map(([resource, looks]) => [
    `The operations of ${resource}`,
    async (tour: Tour) => {
      await openAction(tour);
      await offers(tour, 'resource', [...Object.keys(RESOURCES), BY_N8N]);
      await tour.editor.shot('resources');
      await choose(tour, resource);
      for (const operation of Object.keys(looks)) await opens(tour, resource, operation);
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
  await addAll(tour, optional);
  await reads(labels(tour), [...all, ...optional], `the fields of ${operation} with all that can be added`);
  await editor.shot(`${picture}-all`);
}
