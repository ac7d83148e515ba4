import { type EvaluateRequest, LetheError, parseModelKey, type Verdict } from '@lethe/contracts';
import type { Policy } from '../domain/policy.ts';
import { readPolicy } from '../domain/read-policy.ts';
import { type JudgeDeps, judgeCandidate } from '../judge-candidate.ts';

/** A dry run: what the gate would say now. Nothing is written. */
export async function evaluate(
  request: EvaluateRequest,
  policy: Policy,
  deps: JudgeDeps,
  signal: AbortSignal,
): Promise<Verdict> {
  const modelKey = parseModelKey(request.modelKey);
  const used = request.policyYaml === '' ? policy : readPolicy(request.policyYaml);
  const registration = await deps.lineages.registration(modelKey);
  if (registration === undefined) {
    throw new LetheError(
      'not_found',
      `there is no model ${modelKey}; see the keys with lethe models`,
    );
  }
  const manifest = await deps.lineages.manifest(modelKey, request.sequence);
  if (manifest?.record.entry?.$case !== 'round') {
    throw LetheError.invalid(
      'sequence',
      request.sequence,
      `is not a round of ${modelKey}`,
      'See them with lethe rounds; 0 is the original, of which nothing was forgotten.',
    );
  }
  return judgeCandidate(
    {
      registration: registration.record,
      manifest: manifest.record,
      manifestDigest: manifest.digest,
      round: manifest.record.entry.value,
    },
    used,
    deps,
    { signal },
  );
}
