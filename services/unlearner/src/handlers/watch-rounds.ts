import { parseModelKey, type RoundProgress, type WatchRoundsRequest } from '@lethe/contracts';
import type { ProgressBoard } from '../progress-board.ts';

/** Live progress of one model, or of all that this process looks after. */
export function watchRounds(
  board: ProgressBoard,
  { modelKey }: WatchRoundsRequest,
  signal: AbortSignal,
): AsyncIterable<RoundProgress> {
  return board.watch(modelKey === '' ? '' : parseModelKey(modelKey), signal);
}
