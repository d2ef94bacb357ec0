export { searchSpaces } from '../../shared/listSearch/searchSpaces';
export { searchTestimonials } from './searchTestimonials';
export { searchWebhooks } from './searchWebhooks';
