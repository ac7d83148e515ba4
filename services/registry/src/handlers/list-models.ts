import { type ListModelsResponse, type ModelSummary, RequestState } from '@lethe/contracts';
import { openStates } from '../requests/request-progress.ts';
import type { RegistryContext } from './registry-context.ts';

export async function listModels(context: RegistryContext): Promise<ListModelsResponse> {
  const keys = await context.lineage.models();
  return { models: await Promise.all(keys.map((modelKey) => summarise(context, modelKey))) };
}

async function summarise(
  { board, projection, clock }: RegistryContext,
  modelKey: string,
): Promise<ModelSummary> {
  const counts = openStates.map((state) => projection.counts.count(modelKey, state));
  return {
    registration: await board.registration(modelKey),
    serving: (await board.current(modelKey)).pointer,
    openRequestCount: counts.reduce((sum, count) => sum + count, 0),
    escalatedRequestCount: projection.counts.count(modelKey, RequestState.REQUEST_STATE_ESCALATED),
    completedRequestCount: projection.counts.count(modelKey, RequestState.REQUEST_STATE_COMPLETED),
    overdueRequestCount: projection.counts.countOverdue(modelKey, clock.now()),
    nearestDeadline: projection.counts.nearestDeadline(modelKey),
  };
}
