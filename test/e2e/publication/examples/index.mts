import { approveFromSlack } from './approveFromSlack.mts';
import { approvedToHubspot } from './approvedToHubspot.mts';
import { everyTestimonialOnce } from './everyTestimonialOnce.mts';
import { approvedToSocialDraft } from './approvedToSocialDraft.mts';
import { authorPhotosToGoogleDrive } from './authorPhotosToGoogleDrive.mts';
import { fiveStarToSlack } from './fiveStarToSlack.mts';
import { importFromCsv } from './importFromCsv.mts';
import { lowRatingToDraftReply } from './lowRatingToDraftReply.mts';
import { nightlySyncToDataTable } from './nightlySyncToDataTable.mts';
import { pauseWebhooksForMaintenance } from './pauseWebhooksForMaintenance.mts';
import { screenWithAi } from './screenWithAi.mts';
import { testimonialToSummary } from './testimonialToSummary.mts';
import { testimonialsToGoogleSheets } from './testimonialsToGoogleSheets.mts';
import { webhookTurnedOffToSlack } from './webhookTurnedOffToSlack.mts';
import { weeklyDigestByEmail } from './weeklyDigestByEmail.mts';
import type { Example } from './play.mts';

/** The test of each file in examples/. */
export const EXAMPLES: Record<string, Example> = {
	'approve-from-slack': approveFromSlack,
	'approved-to-hubspot': approvedToHubspot,
	'every-testimonial-once': everyTestimonialOnce,
	'approved-to-social-draft': approvedToSocialDraft,
	'author-photos-to-google-drive': authorPhotosToGoogleDrive,
	'five-star-to-slack': fiveStarToSlack,
	'import-from-csv': importFromCsv,
	'low-rating-to-draft-reply': lowRatingToDraftReply,
	'nightly-sync-to-data-table': nightlySyncToDataTable,
	'pause-webhooks-for-maintenance': pauseWebhooksForMaintenance,
	'screen-with-ai': screenWithAi,
	'testimonial-to-summary': testimonialToSummary,
	'testimonials-to-google-sheets': testimonialsToGoogleSheets,
	'webhook-turned-off-to-slack': webhookTurnedOffToSlack,
	'weekly-digest-by-email': weeklyDigestByEmail,
};
