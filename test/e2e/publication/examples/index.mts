import { approvedToHubspot } from './approvedToHubspot.mts';
import { everyTestimonialOnce } from './everyTestimonialOnce.mts';
import { fiveStarToSlack } from './fiveStarToSlack.mts';
import { importFromCsv } from './importFromCsv.mts';
import { lowRatingToDraftReply } from './lowRatingToDraftReply.mts';
import { nightlySyncToDataTable } from './nightlySyncToDataTable.mts';
import { pauseWebhooksForMaintenance } from './pauseWebhooksForMaintenance.mts';
import type { Example } from './play.mts';
import { testimonialsToGoogleSheets } from './testimonialsToGoogleSheets.mts';
import { testimonialToSummary } from './testimonialToSummary.mts';

/** What each file in examples/ must do. */
export const EXAMPLES: Record<string, Example> = {
  'approved-to-hubspot': approvedToHubspot,
  'every-testimonial-once': everyTestimonialOnce,
  'five-star-to-slack': fiveStarToSlack,
  'import-from-csv': importFromCsv,
  'low-rating-to-draft-reply': lowRatingToDraftReply,
  'nightly-sync-to-data-table': nightlySyncToDataTable,
  'pause-webhooks-for-maintenance': pauseWebhooksForMaintenance,
  'testimonial-to-summary': testimonialToSummary,
  'testimonials-to-google-sheets': testimonialsToGoogleSheets,
};
