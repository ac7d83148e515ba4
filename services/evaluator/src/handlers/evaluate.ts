import {
  type EvaluateRequest,
  EvaluateUpdate,
  LetheError,
  parseModelKey,
  type Verdict,
} from '@lethe/contracts';
import { type Policy, readPolicy } from '@lethe/gate';
import type { EvidenceDeps } from '../gather-evidence.ts';
import type { EvaluateProgress } from '../jobs/evaluate-job.ts';
import { type CandidateToJudge, judgeCandidate } from '../judge-candidate.ts';

/** A dry run: what the gate would say now, of any round of any registered model. Nothing is written. */
export async function evaluate(
  request: EvaluateRequest,
  policy: Policy,
  deps: EvidenceDeps,
  signal: AbortSignal,
  onProgress: (progress: EvaluateProgress) => void = () => {},
): Promise<Verdict> {
  const used = request.policyYaml === '' ? policy : readPolicy(request.policyYaml);
  const candidate = await candidateOf(request, deps);
  const { verdict } = await judgeCandidate(candidate, used, deps, { signal, onProgress });
  return verdict;
}

/** The same, telling how far it is: at most one update waits for a slow reader. */
export async function* watchEvaluate(
  request: EvaluateRequest,
  policy: Policy,
  deps: EvidenceDeps,
  signal: AbortSignal,
): AsyncGenerator<EvaluateUpdate> {
  let latest: EvaluateProgress | undefined;
  let wake = () => {};
  const verdict = evaluate(request, policy, deps, signal, (progress) => {
    latest = progress;
    wake();
  });
  const ended = verdict.then(
    () => 'ended' as const,
    () => 'ended' as const,
  );
  for (;;) {
    const moved = new Promise<'moved'>((resolve) => {
      wake = () => resolve('moved');
    });
    if (latest === undefined && (await Promise.race([moved, ended])) === 'ended') break;
    if (latest === undefined) continue;
    const value = latest;
    latest = undefined;
    yield EvaluateUpdate.create({ update: { $case: 'progress', value } });
  }
  yield EvaluateUpdate.create({ update: { $case: 'verdict', value: await verdict } });
}

async function candidateOf(
  request: EvaluateRequest,
  { lineages }: EvidenceDeps,
): Promise<CandidateToJudge> {
  const modelKey = parseModelKey(request.modelKey);
  const registration = await lineages.registration(modelKey);
  if (registration === undefined) {
    throw new LetheError(
      'not_found',
      `there is no model ${modelKey}; see the keys with lethe models`,
    );
  }
  const manifest = await lineages.manifest(modelKey, request.sequence);
  if (manifest?.record.entry?.$case !== 'round') {
    throw LetheError.invalid(
      'sequence',
      request.sequence,
      `is not a round of ${modelKey}`,
      'See them with lethe rounds; 0 is the original, of which nothing was forgotten.',
    );
  }
  return {
    registration: registration.record,
    manifest: manifest.record,
    manifestDigest: manifest.digest,
    round: manifest.record.entry.value,
  };
}
