import type { ServingView } from '@lethe/console';
import type { ServingPointer } from '@lethe/contracts';
import { timeText } from './words.ts';

export function servingView(pointer: ServingPointer): ServingView {
  const { generation, sequence, weightsDigest, topologyDigest, move, actor, reason, override } =
    pointer;
  return {
    generation,
    sequence,
    weightsDigest,
    topologyDigest,
    promotedTime: timeText(pointer.promotedTime),
    move,
    actor,
    reason,
    override,
  };
}
