export { type IngestConfig, ingestSettings } from './config.ts';
export { type IncomingRequest, incoming } from './domain/incoming-request.ts';
export { limits } from './domain/limits.ts';
export { deletionEventType } from './formats/cloud-event.ts';
export { readDeletion } from './formats/read-deletion.ts';
export { emitterHeader } from './handlers/ingest-handlers.ts';
export type { Intake } from './intake.ts';
export { createIngestService, type IngestDependencies, type IngestService } from './service.ts';
export { EmitterSources } from './topic/emitter-sources.ts';
