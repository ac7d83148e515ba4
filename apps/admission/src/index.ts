export { type AdmissionConfig, admissionSettings } from './config.ts';
export { annotations } from './read-review.ts';
export { reviewPath } from './serve-reviews.ts';
