import type { AuditLog } from '@lethe/audit-log';
import {
  type Digest,
  type EvidenceServiceService,
  LetheError,
  parseEmitter,
  parseModelKey,
  parseRequestId,
  type SignReleaseRequest,
} from '@lethe/contracts';
import { encodeKeySet, type KeyRing, releaseStatement, signStatement } from '@lethe/evidence';
import { boundEmitter, type Handlers, requireOwnEmitter } from '@lethe/service-kit';
import { findCertificate } from '../evidence/issue-certificates.ts';
import { checkRelease } from '../release/check-release.ts';
import { findRequest } from './find-request.ts';
import type { RegistryContext } from './registry-context.ts';

export interface EvidenceContext extends RegistryContext {
  readonly keys: KeyRing;
  readonly auditLog: AuditLog;
}

export function evidenceHandlers(
  context: EvidenceContext,
): Handlers<typeof EvidenceServiceService> {
  const { lineage, board, projection, keys, auditLog, clock } = context;
  return {
    async getCertificate({ requestId, emitter }, { identity }) {
      const own = boundEmitter(identity, ['operator', 'approver', 'auditor']);
      requireOwnEmitter(own, emitter);
      const stated = emitter || (own ?? '');
      const { current } = findRequest(
        projection,
        parseRequestId(requestId),
        stated === '' ? '' : parseEmitter(stated),
      );
      return { envelope: await findCertificate(lineage, current) };
    },
    async getKeySet() {
      return { keySet: encodeKeySet(keys.keys().values()) };
    },
    async getCheckpoint() {
      const found = await auditLog.checkpoint();
      if (found === undefined) throw new LetheError('not_found', 'the audit log is empty');
      return { envelope: found.envelope };
    },
    checkRelease: (request) =>
      checkRelease({ lineage, board, projection, now: () => clock.now() }, request),
    signRelease: (request) => signRelease(context, request),
  };
}

async function signRelease(
  { lineage, board, keys, auditLog, clock }: EvidenceContext,
  { modelKey, weightsDigest, files, coveredRequestCount }: SignReleaseRequest,
): Promise<{ envelope: string }> {
  const { pointer } = await board.current(parseModelKey(modelKey));
  if (pointer.weightsDigest !== weightsDigest) {
    throw new LetheError(
      'precondition',
      `${modelKey} serves version ${pointer.sequence} by now, not weights ${weightsDigest.slice(0, 12)}. Make the bundle anew`,
    );
  }
  if (!files.some(({ sha256 }) => sha256 === weightsDigest)) {
    const remedy = 'List weights.bin with its digest.';
    throw LetheError.invalid('files', '', 'do not hold the weights', remedy);
  }
  const verdict =
    pointer.sequence === 0 ? undefined : await lineage.verdict(modelKey, pointer.sequence);
  const now = clock.now();
  const statement = releaseStatement(
    pointer,
    {
      policyDigest: (verdict?.record.policyDigest ?? '') as Digest,
      coveredRequestCount,
      auditLog: await auditLog.head(),
      files: files.map(({ path, sizeBytes, sha256 }) => ({
        path,
        size_bytes: Number(sizeBytes),
        sha256,
      })),
    },
    keys.issueTime(now),
  );
  return { envelope: signStatement(statement, keys.signer(now)) };
}
