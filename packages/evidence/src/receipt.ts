import { type Receipt, type RequestState, requestStateToJSON } from '@lethe/contracts';
import { makeStatement, type Predicate, type Statement } from './statement.ts';
import { strictTime } from './strict-time.ts';

export interface ReceiptPredicate extends Predicate {
  /** One for each request that was taken in by the same call. */
  readonly receipts: readonly {
    readonly request_id: string;
    /** The request over several models that it is part of. */
    readonly parent_request_id?: string;
    readonly emitter: string;
    readonly model_key: string;
    readonly state: string;
    /** Keyed: says nothing to whoever lacks the installation's secret. */
    readonly request_digest: string;
    readonly training_manifest_digest: string;
    readonly sample_count: number;
    /** Only where the scope names samples of evaluation sets: they were taken out of them. */
    readonly evaluation_sample_count?: number;
    readonly accepted_time: string;
    readonly deadline: string;
  }[];
}

/** What intake signs about requests that are durable. One signature may stand for many. */
export function receiptStatement(
  receipts: readonly Receipt[],
  issued: Date,
): Statement<ReceiptPredicate> {
  return makeStatement(
    'receipt',
    receipts.map(({ emitter, requestId, requestDigest }) => ({
      name: `requests/${emitter}/${requestId}`,
      digest: { hmacSha256: requestDigest },
    })),
    {
      issued_time: strictTime(issued),
      receipts: receipts.map((receipt) => ({
        request_id: receipt.requestId,
        ...(receipt.parentRequestId === '' ? {} : { parent_request_id: receipt.parentRequestId }),
        emitter: receipt.emitter,
        model_key: receipt.modelKey,
        state: stateWord(receipt.state),
        request_digest: receipt.requestDigest,
        training_manifest_digest: receipt.trainingManifestDigest,
        sample_count: receipt.sampleCount,
        ...(receipt.evaluationSampleCount > 0
          ? { evaluation_sample_count: receipt.evaluationSampleCount }
          : {}),
        accepted_time: strictTime(receipt.acceptedTime ?? issued),
        deadline: strictTime(receipt.deadline ?? issued),
      })),
    },
  );
}

/** `REQUEST_STATE_NO_MATCH` → `no_match`. */
export function stateWord(state: RequestState): string {
  return requestStateToJSON(state).replace('REQUEST_STATE_', '').toLowerCase();
}
