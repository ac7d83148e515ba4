import type { OutgoingRecord } from '@lethe/bus';
import { type CallbackDelivery, DeletionStatus, LetheError, topics } from '@lethe/contracts';
import { deliveryId } from '@lethe/evidence';
import { encodeEvent, traceHeaders } from '@lethe/service-kit';
import { replayHeader } from './callbacks.ts';

/**
 * Publishes a status again, marked: it goes to the partition it was in, whose owner sends it anew.
 * Whoever else reads the topic knows it already.
 */
export async function replayCallback(
  publish: (records: readonly OutgoingRecord[]) => Promise<void>,
  status: DeletionStatus,
  traceparent: string,
): Promise<string> {
  const headers = { ...traceHeaders(traceparent), [replayHeader]: '1' };
  await publish([
    encodeEvent(topics.deletionStatus, status.modelKey, DeletionStatus, status, headers),
  ]);
  return deliveryId(status);
}

/** @throws LetheError `corrupt` */
export function statusOf({ id, status }: CallbackDelivery): DeletionStatus {
  if (status !== undefined) return status;
  throw new LetheError('corrupt', `callback ${id} holds no status`);
}
