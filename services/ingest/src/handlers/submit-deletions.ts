import type {
  LetheError,
  SubmitDeletionsRequest,
  SubmitDeletionsResponse,
  SubmitError,
} from '@lethe/contracts';
import { grpcStatusOf } from '@lethe/service-kit';
import { incoming } from '../domain/incoming-request.ts';
import type { ReservationResult } from '../index/reservation-queue.ts';
import type { Intake } from '../intake.ts';

export async function submitAll(
  intake: Intake,
  { requests }: SubmitDeletionsRequest,
  statedEmitter: string | undefined,
  ownEmitter: string | undefined,
): Promise<ReservationResult[]> {
  return await intake.submitAll(requests.map(incoming), statedEmitter, ownEmitter);
}

export function toResponse(
  intake: Intake,
  results: readonly ReservationResult[],
): SubmitDeletionsResponse {
  const receipts = results.flatMap((each) => (each.kind === 'receipt' ? [each.receipt] : []));
  return {
    signedReceipts: receipts.length === 0 ? '' : intake.sign(receipts),
    results: results.map((each) => ({
      result:
        each.kind === 'receipt'
          ? { $case: 'receipt', value: each.receipt }
          : { $case: 'error', value: toSubmitError(each.error) },
    })),
  };
}

function toSubmitError(error: LetheError): SubmitError {
  return {
    code: grpcStatusOf[error.code],
    message: error.message,
    violations: error.violations.map((violation) => ({ ...violation })),
  };
}
