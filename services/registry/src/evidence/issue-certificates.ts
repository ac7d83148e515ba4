import {
  type Decision,
  type DeletionRequested,
  type DeletionStatus,
  type Digest,
  LetheError,
  type RequestPart,
  RequestState,
} from '@lethe/contracts';
import { certificateStatement, type KeyRing, signStatement, stateWord } from '@lethe/evidence';
import { type LineageStore, logKey, rememberManifests, roundsOfRequest } from '@lethe/lineage';
import { putOnce } from '@lethe/store';
import { traceIdOf } from '@lethe/telemetry';
import type { JudgedCandidate } from '../domain/check-evidence.ts';
import { isEnd } from '../requests/request-progress.ts';

interface Recorded {
  readonly record: Decision;
  readonly digest: Digest;
}

/** Parts whose requests end with the promotion of their round, in the order of their certificates. */
function endedParts(parts: readonly RequestPart[]): RequestPart[] {
  return parts.filter(({ last, request }) => last && request !== undefined);
}

/**
 * Signs a certificate for each request that a promotion completed, and stores them as one object
 * beside the decision, once: whoever comes later finds them.
 *
 * @returns digest of the stored object; nothing when no request ended
 */
export async function issueCertificates(
  lineage: LineageStore,
  keys: KeyRing,
  candidate: JudgedCandidate,
  decision: Recorded,
  now: Date,
): Promise<Digest | undefined> {
  const { modelKey, sequence } = decision.record;
  const ended = endedParts(candidate.round.parts);
  if (!decision.record.promoted || ended.length === 0) return undefined;
  const key = logKey(modelKey, 'certificates', sequence);
  const registration = await lineage.registration(modelKey);
  if (registration === undefined) throw new LetheError('corrupt', `${modelKey} is not registered`);
  const issued = keys.issueTime(now);
  const manifests = rememberManifests(lineage);
  const envelopes: string[] = [];
  for (const part of ended) {
    const request = part.request as DeletionRequested;
    const rounds = (await roundsOfRequest(manifests, request, sequence)).toReversed();
    const statement = certificateStatement(
      {
        request,
        outcome: isAlreadyForgotten(candidate, rounds.length) ? 'already_forgotten' : 'completed',
        rounds: rounds.map(({ manifest, round, part: served }) => ({
          manifest: manifest.record,
          manifestDigest: manifest.digest,
          round,
          sampleCount: served.rows.length,
        })),
        topologyDigest: registration.record.topologyDigest,
        originalWeightsDigest: registration.record.weightsDigest,
        verdict: candidate.verdict.record,
        verdictDigest: candidate.verdict.digest,
        decision: decision.record,
        decisionDigest: decision.digest,
        traceId: traceIdOf(request.traceparent) ?? '',
      },
      issued,
    );
    envelopes.push(signStatement(statement, keys.signer(now)));
  }
  const bytes = Buffer.from(`[${envelopes.join(',\n')}]`);
  return (await putOnce(lineage.store, key, bytes)).digest;
}

/** W3C trace context: version, trace id, span id, flags. */

/** Of a request that was split, earlier rounds did forget something. */
function isAlreadyForgotten({ round }: JudgedCandidate, rounds: number): boolean {
  return rounds === 1 && round.metrics?.outcome === 'already_forgotten';
}

function isCertified(state: RequestState): boolean {
  return (
    state === RequestState.REQUEST_STATE_COMPLETED ||
    state === RequestState.REQUEST_STATE_ALREADY_FORGOTTEN
  );
}

/**
 * The certificate of a request that the round `sequence` completed.
 *
 * @throws LetheError `not_found`
 */
export async function findCertificate(
  lineage: LineageStore,
  request: Pick<
    DeletionStatus,
    'modelKey' | 'emitter' | 'requestId' | 'sequence' | 'state' | 'detail'
  >,
): Promise<string> {
  const { modelKey, sequence } = request;
  const stored = await lineage.store.get(logKey(modelKey, 'certificates', sequence));
  const manifest = await lineage.manifest(modelKey, sequence);
  const entry = manifest?.record.entry;
  if (stored !== undefined && entry?.$case === 'round') {
    const at = endedParts(entry.value.parts).findIndex(
      ({ request: each }) =>
        each?.requestId === request.requestId && each.emitter === request.emitter,
    );
    const envelopes = JSON.parse(Buffer.from(stored.bytes).toString('utf8')) as object[];
    if (at !== -1 && envelopes[at] !== undefined) return JSON.stringify(envelopes[at]);
  }
  const { requestId, state, detail } = request;
  throw new LetheError(
    'not_found',
    isEnd(state) && !isCertified(state)
      ? `request ${requestId} ended as ${stateWord(state)} (${detail}): no certificate is signed for that, its signed receipt is the evidence`
      : `request ${requestId} has no certificate yet: one is signed when it is completed`,
  );
}
