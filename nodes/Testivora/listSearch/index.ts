export { searchSpaces } from './searchSpaces';
export { searchTestimonials } from './searchTestimonials';
export { searchWebhooks } from './searchWebhooks';
