import type { World } from '../../../test/chaos/world.ts';
import { planWorld } from '../../../test/chaos/world.ts';
import type { Mode } from './modes.ts';

/** Few, so that a short block has as many requests to a round as a busy pipeline. */
const models = 2;

/** The same for whoever sends the requests and for whoever registers the models. */
export function tracingWorld(requests: number): World {
  const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  return planWorld(requests, models, idOf);
}

/** To lethe.ts: a block of so many requests comes now, to be told in this mode. */
export interface ToLethe {
  readonly mode: Mode;
  readonly count: number;
}

/** What a block took. */
export interface Block {
  /** From the first request to the last that is completed, and the export of what is left. */
  readonly seconds: number;
  /** Of Lethe's process; emitters and collector are outside. */
  readonly cpuSeconds: number;
  /** Of its main thread, which is what limits it. */
  readonly mainCpuSeconds: number;
  readonly rounds: number;
}

export type FromLethe =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'begun' }
  | ({ readonly kind: 'completed' } & Block);
