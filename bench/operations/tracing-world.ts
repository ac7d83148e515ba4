import type { MessageBus } from '@lethe/bus';
import { topics } from '@lethe/contracts';
import { planWorld, type World } from '../../test/chaos/world.ts';

/** Sent before the clock runs: connections, caches and compilers get warm. */
export const warmUpCount = 400;
/** At some hundred requests a second, several exports of spans (every 5 s) fall into a run. */
export const countedCount = 4_000;
const models = 12;

/** The same in every run. */
export function tracingWorld(): World {
  const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  return planWorld(warmUpCount + countedCount, models, idOf);
}

/** So many candidates there were: nobody has read any of them in this group. */
export async function roundsOn(bus: Pick<MessageBus, 'lag'>): Promise<number> {
  const lags = await bus.lag('bench-rounds', [topics.modelCandidate.name]);
  return Number(lags.reduce((sum, { lag }) => sum + lag, 0n));
}

export interface ToRun {
  readonly kind: 'begin';
  /** How many requests come now. */
  readonly count: number;
}

export type FromRun =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'completed';
      readonly seconds: number;
      readonly cpuSeconds: number;
      readonly rounds: number;
    };
