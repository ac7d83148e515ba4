import {
  DeletionStatus,
  RequestState,
  type RoundManifest,
  type ServingPointer,
  topics,
} from '@lethe/contracts';
import { type LineageStore, lostCoverage, sampleCountOf } from '@lethe/lineage';

/**
 * The entry of the model's log that a rollback is, and the news of requests that are open again.
 *
 * @param head sequence of the version that served before, by the log
 * @param sequence of the entry
 */
export async function rollbackEntry(
  lineage: LineageStore,
  pointer: ServingPointer,
  head: number,
  sequence: number,
): Promise<RoundManifest> {
  const { modelKey } = pointer;
  const { reopened } = await lostCoverage(lineage, modelKey, {
    head,
    target: pointer.sequence,
  });
  const target = await lineage.manifest(modelKey, pointer.sequence);
  const round = target?.record.entry?.$case === 'round' ? target.record.entry.value : undefined;
  const time = pointer.promotedTime;
  return {
    modelKey,
    sequence,
    createdTime: time,
    traceparent: '',
    entry: {
      $case: 'rollback',
      value: {
        parentSequence: head,
        targetSequence: pointer.sequence,
        targetWeightsDigest: pointer.weightsDigest,
        targetStateDigest: round?.stateDigest ?? '',
        targetManifestDigest: target?.digest ?? '',
        generation: pointer.generation,
        reason: pointer.reason,
        actor: pointer.actor,
        reopened: [...reopened],
      },
    },
    outbox: reopened.flatMap(({ request }) => {
      if (request === undefined) return [];
      const status = DeletionStatus.fromPartial({
        requestId: request.requestId,
        emitter: request.emitter,
        modelKey,
        state: RequestState.REQUEST_STATE_REOPENED,
        detail: `version ${pointer.sequence}, which has not forgotten it, serves again`,
        sequence,
        ...(time === undefined ? {} : { time }),
        ...(request.submittedTime === undefined ? {} : { submittedTime: request.submittedTime }),
        ...(request.deadline === undefined ? {} : { deadline: request.deadline }),
        sampleCount: sampleCountOf(request) ?? 0,
      });
      const value = Buffer.from(DeletionStatus.encode(status).finish());
      const { traceparent } = request;
      return [{ topic: topics.deletionStatus.name, key: modelKey, value, traceparent }];
    }),
  };
}
