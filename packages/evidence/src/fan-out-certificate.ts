import type { DeletionStatus } from '@lethe/contracts';
import { stateWord } from './receipt.ts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

/** How a request over several models ended in one of them. */
export interface EndedChild {
  readonly status: DeletionStatus;
  /** SHA-256 of its certificate's envelope; nothing where none was due (`no_match`, `denied`, …). */
  readonly certificateDigest: string | undefined;
}

export interface FanOutCertificatePredicate extends Predicate {
  readonly request: Readonly<Record<string, string | number>>;
  readonly outcome: string;
  readonly completed_time: string;
  readonly models: readonly Readonly<Record<string, string>>[];
}

/** What the registry signs when a request over several models has ended in all of them. */
export function fanOutCertificateStatement(
  parent: DeletionStatus,
  children: readonly EndedChild[],
  issued: Date,
): Statement<FanOutCertificatePredicate> {
  const { emitter, requestId } = parent;
  const name = `requests/${emitter}/${requestId}`;
  return makeStatement(
    'fanout',
    children.map(({ status, certificateDigest }) => ({
      name: `${name}/${status.modelKey}`,
      digest: certificateDigest === undefined ? {} : { sha256: certificateDigest },
    })),
    {
      issued_time: strictTime(issued),
      request: {
        request_id: requestId,
        emitter,
        model_count: children.length,
        sample_count: parent.sampleCount,
        submitted_time: strictTime(parent.submittedTime ?? issued),
        deadline: strictTime(parent.deadline ?? issued),
      },
      outcome: stateWord(parent.state),
      completed_time: strictTime(parent.time ?? issued),
      models: children.map(({ status, certificateDigest }) => ({
        model_key: status.modelKey,
        request_id: status.requestId,
        outcome: stateWord(status.state),
        ended_time: strictTime(status.time ?? issued),
        ...(certificateDigest === undefined ? {} : { certificate_digest: certificateDigest }),
      })),
    },
  );
}
