import type { LineageStore } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import type { DeadLetterIndex } from '../dead-letters/dead-letter-index.ts';
import type { RequestProjection } from '../requests/request-projection.ts';
import type { ServingBoard } from '../serving/serving-board.ts';

/** What the handlers work with. */
export interface RegistryContext {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly projection: RequestProjection;
  readonly deadLetters: Pick<DeadLetterIndex, 'ofRequest'>;
  readonly clock: Clock;
}
