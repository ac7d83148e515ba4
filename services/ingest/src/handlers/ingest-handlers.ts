import type { IngestServiceService } from '@lethe/contracts';
import { boundEmitter, type Handlers, type Identity, type Log } from '@lethe/service-kit';
import type { Intake } from '../intake.ts';
import { reportDenied } from './report-denied.ts';
import { submitDeletion } from './submit-deletion.ts';
import { submitAll, toResponse } from './submit-deletions.ts';

/** Header in which an emitter may be stated beside the request. */
export const emitterHeader = 'x-lethe-emitter';

/** What a caller is bound to: an operator may send requests for every emitter. */
export function ownEmitterOf(identity: Identity): string | undefined {
  return boundEmitter(identity, ['operator']);
}

export function ingestHandlers(intake: Intake, log: Log): Handlers<typeof IngestServiceService> {
  return {
    submitDeletion: (request, call) =>
      submitDeletion(intake, request, call.header(emitterHeader), ownEmitterOf(call.identity)),
    submitDeletions: async (request, call) => {
      const own = ownEmitterOf(call.identity);
      const results = await submitAll(intake, request, call.header(emitterHeader), own);
      reportDenied(log, call.method, results);
      return toResponse(intake, results);
    },
  };
}
