import type { RegistryServiceService } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import type { Clock, Handlers } from '@lethe/service-kit';
import type { RequestProjection } from '../requests/request-projection.ts';
import type { ServingBoard } from '../serving/serving-board.ts';
import { getRequest } from './get-request.ts';
import { getServing } from './get-serving.ts';
import { listModels } from './list-models.ts';
import { listRequests } from './list-requests.ts';
import { watchServing } from './watch-serving.ts';

/** What the handlers work with. */
export interface RegistryContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly projection: RequestProjection;
  readonly clock: Clock;
}

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
