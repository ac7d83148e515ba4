import type { RegistryServiceService } from '@lethe/contracts';
import type { Handlers } from '@lethe/service-kit';
import { getRequest } from './get-request.ts';
import { getServing } from './get-serving.ts';
import { listModels } from './list-models.ts';
import { listRequests } from './list-requests.ts';
import type { RegistryContext } from './registry-context.ts';
import { watchServing } from './watch-serving.ts';

export function registryHandlers(
  context: RegistryContext,
): Handlers<typeof RegistryServiceService> {
  return {
    listModels: () => listModels(context),
    getServing: (request) => getServing(context, request),
    watchServing: (request, { signal }) => watchServing(context, request, signal),
    getRequest: (request) => getRequest(context, request),
    listRequests: (request) => listRequests(context, request),
  };
}
