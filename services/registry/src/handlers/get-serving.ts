import { type GetServingRequest, parseModelKey, type ServingPointer } from '@lethe/contracts';
import type { RegistryContext } from './registry-context.ts';

export async function getServing(
  { board }: RegistryContext,
  request: GetServingRequest,
): Promise<ServingPointer> {
  return (await board.current(parseModelKey(request.modelKey))).pointer;
}
