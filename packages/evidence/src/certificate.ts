import {
  type Decision,
  type DeletionRequested,
  type Digest,
  modeToJSON,
  type Round,
  type RoundManifest,
  regulationToJSON,
  sha256,
  type Verdict,
} from '@lethe/contracts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

/** A promoted round that forgot samples of the request. */
export interface CertifiedRound {
  readonly manifest: RoundManifest;
  readonly manifestDigest: Digest;
  readonly round: Round;
  /** Samples of the request that it forgot. */
  readonly sampleCount: number;
}

/** The records that a certificate is made from. */
export interface CertificateEvidence {
  readonly request: DeletionRequested;
  readonly outcome: 'completed' | 'already_forgotten';
  /** Oldest first; the last one completed the request. */
  readonly rounds: readonly CertifiedRound[];
  readonly topologyDigest: string;
  readonly originalWeightsDigest: string;
  readonly verdict: Verdict;
  readonly verdictDigest: string;
  readonly decision: Decision;
  readonly decisionDigest: string;
  /** Trace of the request's way through Lethe; empty when it was not traced. */
  readonly traceId: string;
}

export interface CertificatePredicate extends Predicate {
  readonly claim: 'approximate_unlearning_measured';
  readonly request: Readonly<Record<string, string | number>>;
  readonly outcome: 'completed' | 'already_forgotten';
  readonly completed_time: string;
  readonly model: Readonly<Record<string, string | number>>;
  readonly rounds: readonly Readonly<Record<string, string | number>>[];
  readonly verdict: Readonly<Record<string, string>>;
  readonly trace_id: string;
}

/**
 * What the registry signs when it saw the model being promoted that forgot the last sample of a
 * request. Holds digests, counts and times, nothing that names a person or a sample.
 *
 * @param rounds at least one
 */
export function certificateStatement(
  evidence: CertificateEvidence,
  issued: Date,
): Statement<CertificatePredicate> {
  const { request, rounds, verdict, decision } = evidence;
  const last = rounds.at(-1) as CertifiedRound;
  const { modelKey, sequence } = decision;
  return makeStatement(
    'certificate',
    [
      {
        name: `models/${modelKey}/weights/${sequence}`,
        digest: { sha256: last.round.weightsDigest },
      },
    ],
    {
      issued_time: strictTime(issued),
      claim: 'approximate_unlearning_measured',
      request: {
        request_id: request.requestId,
        emitter: request.emitter,
        request_digest: request.requestDigest,
        training_manifest_digest: request.trainingManifestDigest,
        regulation: word(regulationToJSON(request.regulation), 'REGULATION_', 'gdpr'),
        mode: word(modeToJSON(request.mode), 'MODE_', 'untrain'),
        sample_count: rounds.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
        submitted_time: strictTime(request.submittedTime ?? issued),
        accepted_time: strictTime(request.acceptedTime ?? issued),
        deadline: strictTime(request.deadline ?? issued),
      },
      outcome: evidence.outcome,
      completed_time: strictTime(decision.decidedTime ?? issued),
      model: {
        model_key: modelKey,
        sequence,
        topology_digest: evidence.topologyDigest,
        weights_digest: last.round.weightsDigest,
        original_weights_digest: evidence.originalWeightsDigest,
        manifest_digest: last.manifestDigest,
        decision_digest: evidence.decisionDigest,
      },
      rounds: rounds.map(({ manifest, manifestDigest, round, sampleCount }) => ({
        sequence: manifest.sequence,
        sample_count: sampleCount,
        manifest_digest: manifestDigest,
        parent_weights_digest: round.parentWeightsDigest,
        weights_digest: round.weightsDigest,
        method: round.method,
        settings_digest: sha256(round.settingsJson),
        seed: round.seed,
        backend: round.backend,
        created_time: strictTime(manifest.createdTime ?? issued),
      })),
      verdict: {
        outcome: 'pass',
        verdict_digest: evidence.verdictDigest,
        policy_digest: verdict.policyDigest,
        judged_time: strictTime(verdict.judgedTime ?? decision.decidedTime ?? issued),
        served_weights_digest: verdict.servedWeightsDigest,
        original_weights_digest: verdict.originalWeightsDigest,
      },
      trace_id: evidence.traceId,
    },
  );
}

function word(name: string, prefix: string, unspecified: string): string {
  const text = name.replace(prefix, '').toLowerCase();
  return text === 'unspecified' ? unspecified : text;
}
