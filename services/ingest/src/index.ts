export { type IngestConfig, ingestSettings } from './config.ts';
export { type IncomingRequest, incoming } from './domain/incoming-request.ts';
export { limits } from './domain/limits.ts';
export { emitterHeader } from './handlers/ingest-handlers.ts';
export { deletionEventType } from './http/cloud-events.ts';
export { readDeletion } from './http/read-deletion.ts';
export type { Intake } from './intake.ts';
export { createIngestService, type IngestDependencies, type IngestService } from './service.ts';
