import type { ModelRegistration, RoundManifest, Verdict } from '@lethe/contracts';
import type { SetInForce } from '@lethe/datasets';
import type { Judgement, Version } from '@lethe/gate';

export interface Judged {
  readonly registration: ModelRegistration;
  readonly manifest: RoundManifest;
  readonly manifestDigest: string;
  readonly weightsDigest: string;
  readonly policyDigest: string;
  readonly policyName: string;
  readonly served: Version;
  readonly sets: readonly SetInForce[];
  readonly judgement: Judgement;
}

/**
 * The immutable record of a judgement. It holds no time: the same candidate, policy and data give
 * the same bytes. When it was made, the decision on it says.
 */
export function verdictOf(judged: Judged): Verdict {
  const { registration, manifest, served, judgement } = judged;
  return {
    modelKey: manifest.modelKey,
    sequence: manifest.sequence,
    manifestDigest: judged.manifestDigest,
    weightsDigest: judged.weightsDigest,
    policyDigest: judged.policyDigest,
    policyName: judged.policyName,
    servedSequence: served.sequence,
    servedWeightsDigest: served.weightsDigest,
    originalWeightsDigest: registration.weightsDigest,
    outcome: judgement.outcome,
    checks: [...judgement.checks],
    evaluationSetDigests: Object.fromEntries(
      registration.evaluationSets.map(({ name, digest }) => [name, digest]),
    ),
    judgedTime: undefined,
    evaluationSets: judged.sets.map(({ set: { name, role }, size, excluded, digest }) => ({
      name,
      role,
      size,
      excluded: excluded.length,
      digest,
    })),
  };
}
