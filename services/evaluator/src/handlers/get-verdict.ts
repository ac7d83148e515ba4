import {
  type GetVerdictRequest,
  type GetVerdictResponse,
  LetheError,
  parseModelKey,
} from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';

export async function getVerdict(
  lineages: LineageStore,
  { modelKey, sequence }: GetVerdictRequest,
): Promise<GetVerdictResponse> {
  const key = parseModelKey(modelKey);
  const found = await lineages.verdict(key, sequence);
  if (found !== undefined) return { verdict: found.record, verdictDigest: found.digest };
  throw new LetheError(
    'not_found',
    `round ${sequence} of ${key} has no verdict; see the rounds with lethe rounds`,
  );
}
