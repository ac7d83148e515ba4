import { parseModelKey, type ServingPointer, type WatchServingRequest } from '@lethe/contracts';
import type { RegistryContext } from './registry-context.ts';

export async function* watchServing(
  { board }: RegistryContext,
  { modelKey, afterGeneration }: WatchServingRequest,
  signal: AbortSignal,
): AsyncGenerator<ServingPointer> {
  yield* board.watch(parseModelKey(modelKey), afterGeneration, signal);
}
