import type { AuditLog } from '@lethe/audit-log';
import {
  type DeletionStatus,
  type EvidenceServiceService,
  LetheError,
  parseEmitter,
  parseRequestId,
  RequestState,
  type SignedEvidence,
  sha256,
} from '@lethe/contracts';
import {
  type EndedChild,
  encodeKeySet,
  fanOutCertificateStatement,
  type KeyRing,
  readKeySets,
  signStatement,
} from '@lethe/evidence';
import { boundEmitter, type Handlers, requireOwnEmitter } from '@lethe/service-kit';
import { findCertificate } from '../evidence/issue-certificates.ts';
import { checkRelease } from '../release/check-release.ts';
import { signRelease } from '../release/sign-release.ts';
import type { ProjectionCurrency } from '../requests/projection-currency.ts';
import { isEnd } from '../requests/request-progress.ts';
import { findRequest } from './find-request.ts';
import type { RegistryContext } from './registry-context.ts';

export interface EvidenceContext extends RegistryContext {
  readonly keys: KeyRing;
  readonly auditLog: AuditLog;
  readonly currency: ProjectionCurrency;
}

export function evidenceHandlers(
  context: EvidenceContext,
): Handlers<typeof EvidenceServiceService> {
  const { lineage, board, projection, currency, keys, auditLog, clock } = context;
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
      return current.modelCount > 0
        ? await fanOutCertificate(context, current)
        : { envelope: await certificateOf(context, current), parts: [] };
    },
    async getKeySet() {
      // Intakes that run apart sign with keys of their own.
      const published = await readKeySets(lineage.store, keys.keys());
      return { keySet: encodeKeySet(published.values()) };
    },
    async getCheckpoint() {
      const found = await auditLog.checkpoint();
      if (found === undefined) throw new LetheError('not_found', 'the audit log is empty');
      return { envelope: found.envelope, parts: [] };
    },
    checkRelease: (request) =>
      checkRelease({ lineage, board, projection, currency, now: () => clock.now() }, request),
    signRelease: (request) => signRelease(context, request),
  };
}

/** That of a duplicate is that of the request it follows. @throws LetheError `not_found` */
async function certificateOf(
  { lineage, projection }: EvidenceContext,
  current: DeletionStatus,
): Promise<string> {
  const { followsRequestId, emitter } = current;
  const followed =
    followsRequestId === '' ? undefined : projection.find(followsRequestId, emitter)[0];
  return await findCertificate(lineage, followed?.current ?? current);
}

/** @throws LetheError `not_found` until the request has ended in all of its models */
async function fanOutCertificate(
  context: EvidenceContext,
  parent: DeletionStatus,
): Promise<SignedEvidence> {
  const { projection, keys, clock } = context;
  if (!isEnd(parent.state)) {
    throw new LetheError(
      'not_found',
      `request ${parent.requestId} has no certificate yet: one is signed when it has ended in all of its ${parent.modelCount} models`,
    );
  }
  const parts: string[] = [];
  const children: EndedChild[] = [];
  for (const { current } of projection.childrenOf(parent)) {
    const envelope = certified.has(current.state)
      ? await certificateOf(context, current)
      : undefined;
    if (envelope !== undefined) parts.push(envelope);
    children.push({ status: current, certificateDigest: envelope && sha256(envelope) });
  }
  const now = clock.now();
  const statement = fanOutCertificateStatement(parent, children, keys.issueTime(now));
  return { envelope: signStatement(statement, keys.signer(now)), parts };
}

/** Ends for which there is a certificate. */
const certified: ReadonlySet<RequestState> = new Set([
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_DUPLICATE,
]);
