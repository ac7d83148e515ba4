import type { IngestServiceService } from '@lethe/contracts';
import { boundEmitter, type Handlers, type Identity } from '@lethe/service-kit';
import type { Intake } from '../intake.ts';
import { submitDeletion } from './submit-deletion.ts';
import { submitDeletions } from './submit-deletions.ts';

/** Header in which an emitter may be stated beside the request. */
export const emitterHeader = 'x-lethe-emitter';

/** What a caller is bound to: an operator may send requests for every emitter. */
export function ownEmitterOf(identity: Identity): string | undefined {
  return boundEmitter(identity, ['operator']);
}

export function ingestHandlers(intake: Intake): Handlers<typeof IngestServiceService> {
  return {
    submitDeletion: (request, call) =>
      submitDeletion(intake, request, call.header(emitterHeader), ownEmitterOf(call.identity)),
    submitDeletions: (request, call) =>
      submitDeletions(intake, request, call.header(emitterHeader), ownEmitterOf(call.identity)),
  };
}
