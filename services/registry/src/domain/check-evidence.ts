import {
  type Digest,
  LetheError,
  type ModelVerdict,
  type Round,
  type RoundManifest,
  type Verdict,
} from '@lethe/contracts';

interface Recorded<T> {
  readonly record: T;
  readonly digest: Digest;
}

/** A candidate with the verdict on exactly it. */
export interface JudgedCandidate {
  readonly manifest: Recorded<RoundManifest>;
  readonly round: Round;
  readonly verdict: Recorded<Verdict>;
}

/**
 * Puts together what an event names, and checks that it belongs together: event → verdict →
 * manifest → weights, each by digest.
 *
 * @throws LetheError `corrupt` naming what differs; nothing is promoted on it
 */
export function checkEvidence(
  event: ModelVerdict,
  manifest: Recorded<RoundManifest> | undefined,
  verdict: Recorded<Verdict> | undefined,
): JudgedCandidate {
  const place = `${event.modelKey} ${event.sequence}`;
  if (manifest === undefined) throw broken(`${place} has a verdict event but no manifest`);
  if (verdict === undefined) throw broken(`${place} has a verdict event but no verdict`);
  const { entry } = manifest.record;
  if (entry?.$case !== 'round') throw broken(`${place} is no round`);
  const round = entry.value;
  requireEqual(`${place}: manifest of the event`, event.manifestDigest, manifest.digest);
  requireEqual(`${place}: verdict of the event`, event.verdictDigest, verdict.digest);
  requireEqual(`${place}: manifest judged`, verdict.record.manifestDigest, manifest.digest);
  requireEqual(`${place}: weights judged`, verdict.record.weightsDigest, round.weightsDigest);
  requireEqual(`${place}: outcome of the event`, event.outcome, verdict.record.outcome);
  return { manifest, round, verdict };
}

function requireEqual(what: string, stated: unknown, actual: unknown): void {
  if (stated !== actual) throw broken(`${what} is ${stated}, recorded is ${actual}`);
}

function broken(sentence: string): LetheError {
  return new LetheError('corrupt', `${sentence}. Nothing is promoted on it`);
}
