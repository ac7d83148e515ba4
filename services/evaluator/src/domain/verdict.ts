import type { ModelRegistration, RoundManifest, Verdict } from '@lethe/contracts';
import type { Version } from './evidence.ts';
import type { Judgement } from './judge.ts';

export interface Judged {
  readonly registration: ModelRegistration;
  readonly manifest: RoundManifest;
  readonly manifestDigest: string;
  readonly weightsDigest: string;
  readonly policyDigest: string;
  readonly served: Version;
  readonly judgement: Judgement;
  readonly time: Date;
}

/** The immutable record of a judgement. */
export function verdictOf(judged: Judged): Verdict {
  const { registration, manifest, served, judgement } = judged;
  const gateSets = registration.evaluationSets.filter(({ role }) => role === 'gate');
  return {
    modelKey: manifest.modelKey,
    sequence: manifest.sequence,
    manifestDigest: judged.manifestDigest,
    weightsDigest: judged.weightsDigest,
    policyDigest: judged.policyDigest,
    servedSequence: served.sequence,
    servedWeightsDigest: served.weightsDigest,
    originalWeightsDigest: registration.weightsDigest,
    outcome: judgement.outcome,
    checks: [...judgement.checks],
    evaluationSetDigests: Object.fromEntries(gateSets.map(({ name, digest }) => [name, digest])),
    judgedTime: judged.time,
  };
}
