import type { ServingPointer } from '@lethe/contracts';
import type { LogPoint } from './checkpoint.ts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

/** A file of a bundle, beside the signed statement. */
export interface BundleFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface ReleasePredicate extends Predicate {
  readonly model: {
    readonly model_key: string;
    readonly sequence: number;
    readonly generation: number;
    readonly topology_digest: string;
    readonly weights_digest: string;
    /** These three are empty for the original, which serves without a verdict. */
    readonly manifest_digest: string;
    readonly verdict_digest: string;
    readonly policy_digest: string;
    readonly promoted_time: string;
  };
  readonly covered_request_count: number;
  readonly audit_log: LogPoint;
  readonly files: readonly BundleFile[];
}

/** What a deployer checks a model against: every file by its digest. */
export function releaseStatement(
  pointer: ServingPointer,
  content: {
    readonly policyDigest: string;
    readonly coveredRequestCount: number;
    readonly auditLog: LogPoint;
    readonly files: readonly BundleFile[];
  },
  issued: Date,
): Statement<ReleasePredicate> {
  return makeStatement(
    'release',
    content.files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
    {
      issued_time: strictTime(issued),
      model: {
        model_key: pointer.modelKey,
        sequence: pointer.sequence,
        generation: pointer.generation,
        topology_digest: pointer.topologyDigest,
        weights_digest: pointer.weightsDigest,
        manifest_digest: pointer.manifestDigest,
        verdict_digest: pointer.verdictDigest,
        policy_digest: content.policyDigest,
        promoted_time: strictTime(pointer.promotedTime ?? issued),
      },
      covered_request_count: content.coveredRequestCount,
      audit_log: content.auditLog,
      files: content.files,
    },
  );
}
