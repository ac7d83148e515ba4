import type { RegistryServiceService } from '@lethe/contracts';
import { boundEmitter, type Handlers, type Identity } from '@lethe/service-kit';
import { getRequest } from './get-request.ts';
import { getServing } from './get-serving.ts';
import { listModels } from './list-models.ts';
import { listRequests } from './list-requests.ts';
import type { RegistryContext } from './registry-context.ts';
import { watchServing } from './watch-serving.ts';

/** Whoever is an emitter and nothing else sees its own requests only. */
function ownEmitter(identity: Identity): string | undefined {
  return boundEmitter(identity, ['operator', 'approver', 'auditor']);
}

export function registryHandlers(
  context: RegistryContext,
): Handlers<typeof RegistryServiceService> {
  return {
    listModels: () => listModels(context),
    getServing: (request) => getServing(context, request),
    watchServing: (request, { signal }) => watchServing(context, request, signal),
    getRequest: (request, { identity }) => getRequest(context, request, ownEmitter(identity)),
    listRequests: (request, { identity }) => listRequests(context, request, ownEmitter(identity)),
  };
}
