import type { MessageBus, OutgoingRecord } from '@lethe/bus';
import { ModelVerdict, topics } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import { encodeEvent, recordOf } from '@lethe/service-kit';

/**
 * Sends again what the records of rounds say was sent since a time: the message log of a backup is
 * a little older than its records, or lost altogether. Who has seen an event drops it by its id; the
 * registry answers a verdict that is decided with the decision and the statuses that follow from it.
 *
 * @returns how many records were published
 */
export async function republish(
  lineage: LineageStore,
  bus: MessageBus,
  since: Date,
): Promise<number> {
  let published = 0;
  for (const modelKey of await lineage.models()) {
    for (let sequence = 1; ; sequence++) {
      const found = await lineage.manifest(modelKey, sequence);
      if (found === undefined) break;
      const verdict = await lineage.verdict(modelKey, sequence);
      const decision = await lineage.decision(modelKey, sequence);
      const isRound = found.record.entry?.$case === 'round';
      // A round that nobody has decided is always told again; verdicts hold no time.
      const ended = isRound ? decision?.record.decidedTime : found.record.createdTime;
      if (ended !== undefined && ended < since) continue;
      const records: OutgoingRecord[] = found.record.outbox.map(recordOf);
      if (verdict !== undefined) {
        const { outcome } = verdict.record;
        const event = ModelVerdict.fromPartial({
          modelKey,
          sequence,
          manifestDigest: found.digest,
          verdictDigest: verdict.digest,
          outcome,
        });
        records.push(encodeEvent(topics.modelVerdict, modelKey, ModelVerdict, event));
      }
      if (records.length > 0) await bus.publish(records);
      published += records.length;
    }
  }
  return published;
}
