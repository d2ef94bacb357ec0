import { previewFor, previewsOf } from '../helpers/previews.mts';
import { deliver, signedDelivery } from '../helpers/webhook.mts';

/** The event of the guide "Webhooks and API", with an attempt and IDs written out. */
const PUBLISHED = {
  id: 'evt_3hF2bQ',
  object: 'event',
  event: 'testimonial.approved',
  version: '1.0',
  created: '2026-06-03T01:00:00.000Z',
  attempt: 1,
  data: {
    id: 'j97abc',
    type: 'text',
    status: 'approved',
    rating: 5,
    text: 'Cerré 3 clientes en una semana.',
    featured: false,
    tags: ['onboarding'],
    author: {
      name: 'Ana López',
      title: 'Coach',
      company: 'Acme',
      photo_url: 'https://example.com/ana.jpg',
      social: 'https://instagram.com/ana',
    },
    video: null,
    created_at: '2026-06-03T00:59:50.000Z',
    published_at: '2026-06-03T01:00:00.000Z',
  },
};

test('the preview shows what the published event becomes', async () => {
  const { result } = await deliver({ ...signedDelivery(PUBLISHED), parameters: { events: ['testimonial.approved'] } });
  // "output" is where n8n looks for a node without resource and operation.
  expect(previewsOf('TestivoraTrigger')).toEqual({ 'v1.0.0/output': previewFor(result.workflowData![0][0].json) });
});
