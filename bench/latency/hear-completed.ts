import type { Consumption, MessageBus } from '@lethe/bus';
import { DeletionStatus, RequestState, topics } from '@lethe/contracts';

/** Tells of every status `completed` on the bus, as it comes. */
export async function hearCompleted(
  bus: MessageBus,
  group: string,
  onCompleted: (requestId: string) => void,
): Promise<Consumption> {
  return await bus.consume({
    group,
    topics: [topics.deletionStatus.name],
    onFatal: (error) => {
      throw error;
    },
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        for (const { value } of await partition.read(1_000, 1_000)) {
          const { requestId, state } = DeletionStatus.decode(value);
          if (state === RequestState.REQUEST_STATE_COMPLETED) onCompleted(requestId);
        }
      }
    },
  });
}
