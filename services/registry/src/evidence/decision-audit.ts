import type { AuditEvent } from '@lethe/audit-log';
import type { Decision, Digest } from '@lethe/contracts';
import { outcomeToJSON } from '@lethe/contracts';
import { traceIdOf } from '@lethe/telemetry';
import type { JudgedCandidate } from '../domain/check-evidence.ts';

/** What the audit log says about the end of a candidate: its verdict, and what became of it. */
export function decisionAudit(
  { manifest, verdict, round }: JudgedCandidate,
  decision: Decision,
  decisionDigest: Digest,
  certificatesDigest: Digest | undefined,
): AuditEvent[] {
  const { modelKey, sequence } = decision;
  const traceId = traceIdOf(manifest.record.traceparent);
  const subject = {
    sequence,
    weights_digest: round.weightsDigest,
    // Of the round, where it was traced.
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
  return [
    {
      id: `verdict/${modelKey}/${sequence}/${verdict.digest}`,
      kind: 'verdict',
      time: verdict.record.judgedTime ?? decision.decidedTime ?? new Date(0),
      actor: 'evaluator',
      modelKey,
      details: {
        ...subject,
        outcome: outcomeToJSON(verdict.record.outcome).replace('OUTCOME_', '').toLowerCase(),
        verdict_digest: verdict.digest,
        policy_digest: verdict.record.policyDigest,
      },
    },
    {
      id: `decision/${modelKey}/${sequence}/${decisionDigest}`,
      kind: decision.promoted ? 'promotion' : 'refusal',
      time: decision.decidedTime ?? new Date(0),
      actor: 'registry',
      modelKey,
      details: {
        ...subject,
        manifest_digest: decision.manifestDigest,
        decision_digest: decisionDigest,
        reason: decision.reason,
        ...(certificatesDigest === undefined ? {} : { certificates_digest: certificatesDigest }),
      },
    },
  ];
}
