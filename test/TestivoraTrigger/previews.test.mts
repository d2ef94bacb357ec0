import { event } from '../helpers/fixtures.mts';
import { previewFor, previewsOf } from '../helpers/previews.mts';
import { deliver, signedDelivery } from '../helpers/webhook.mts';

test('the preview shows what the published event becomes', async () => {
	const { result } = await deliver({
		...signedDelivery(event()),
		parameters: { events: ['testimonial.approved'] },
	});
	// "output" is where n8n looks for a node without resource and operation.
	const preview = previewFor(result.workflowData![0][0].json);
	expect(previewsOf('TestivoraTrigger')).toEqual({
		'v1.0.0/output': preview,
		'v1.1.0/output': preview,
	});
});
