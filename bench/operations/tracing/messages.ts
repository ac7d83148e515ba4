import type { Mode } from './modes.ts';
import type { Network } from './networks.ts';

/** What lethe.ts is told as it starts, as JSON. */
export interface LetheArguments {
  /** Where its store and databases lie; the models are registered there. */
  readonly folder: string;
  /** A collector's address of traces. */
  readonly sink: string;
  readonly network: Network;
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
  /** Processor time of Lethe's processes; emitters and collector are outside. */
  readonly cpuSeconds: number;
  /** Of those, of the services' process: where all is that traces. */
  readonly servicesCpuSeconds: number;
  /** Of its main thread, which is what limits it. */
  readonly mainCpuSeconds: number;
  readonly rounds: number;
  /** Of the weights that the last round made, where rounds are real. */
  readonly weightsDigest: string | undefined;
}

export type FromLethe =
  | { readonly kind: 'ready'; readonly url: string; readonly backend: string | undefined }
  | { readonly kind: 'begun' }
  | ({ readonly kind: 'completed' } & Block);
