import type { IngestServiceService } from '@lethe/contracts';
import type { Handlers } from '@lethe/service-kit';
import type { Intake } from '../intake.ts';
import { submitDeletion } from './submit-deletion.ts';
import { submitDeletions } from './submit-deletions.ts';

/** Header in which an emitter may be stated beside the request. */
export const emitterHeader = 'x-lethe-emitter';

export function ingestHandlers(intake: Intake): Handlers<typeof IngestServiceService> {
  return {
    submitDeletion: (request, call) => submitDeletion(intake, request, call.header(emitterHeader)),
    submitDeletions: (request, call) =>
      submitDeletions(intake, request, call.header(emitterHeader)),
  };
}
