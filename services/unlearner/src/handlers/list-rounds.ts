import {
  LetheError,
  type ListRoundsRequest,
  type ListRoundsResponse,
  parseModelKey,
  type RoundManifest,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';

const defaultLimit = 100;
const maxLimit = 1000;

/** Entries of a model's log, oldest first; read from the store, so any process can answer. */
export async function listRounds(
  lineages: LineageStore,
  { modelKey, afterSequence, limit }: ListRoundsRequest,
): Promise<ListRoundsResponse> {
  const key = parseModelKey(modelKey);
  if (limit > maxLimit) {
    throw LetheError.invalid(
      'limit',
      limit,
      `must be at most ${maxLimit}`,
      'Ask for more with after_sequence.',
    );
  }
  if ((await lineages.registration(key)) === undefined) {
    throw new LetheError('not_found', `there is no model ${key}; see the keys with lethe models`);
  }
  const rounds: RoundManifest[] = [];
  while (rounds.length < (limit || defaultLimit)) {
    const found = await lineages.manifest(key, afterSequence + rounds.length + 1);
    if (found === undefined) break;
    rounds.push(found.record);
  }
  return { rounds };
}
