import type { ObjectStore } from '@lethe/store';
import { type PlannedRequest, planWorld, registerModels } from '../../../test/chaos/world.ts';
import { mlpModelKeys, mlpRequests, registerMlp, requestsPerRound } from './mlp-world.ts';
import { type Mode, modes } from './modes.ts';

/** What the Lethe that is measured unlearns: nothing in no time, or a small network for real. */
export const networks = ['none', 'mlp'] as const;
export type Network = (typeof networks)[number];

/** Models, and requests about them in blocks. */
export interface Blocks {
  readonly requestsPerBlock: number;
  /** Sent before anything counts: connections, caches and compilers get warm, in each mode. */
  readonly warmUpTriples: number;
  register(store: ObjectStore, scratch: string): Promise<void>;
  /** @param at place within the triple */
  requestsOf(triple: number, at: number, mode: Mode): readonly PlannedRequest[];
}

/** @param triples that count */
export function blocksOf(network: Network, triples: number): Blocks {
  switch (network) {
    case 'none':
      return blocksWithoutNetwork(triples);
    case 'mlp': {
      const warmUpTriples = 6;
      const modelKeys = mlpModelKeys(warmUpTriples + triples);
      return {
        requestsPerBlock: requestsPerRound,
        warmUpTriples,
        register: (store, scratch) => registerMlp(store, modelKeys, scratch),
        requestsOf: (triple, _, mode) => mlpRequests(mode, triple),
      };
    }
    default:
      return network satisfies never;
  }
}

function blocksWithoutNetwork(triples: number): Blocks {
  const warmUpTriples = 30;
  const requestsPerBlock = 100;
  const count = (warmUpTriples + triples) * modes.length * requestsPerBlock;
  const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  // Few models, so that a short block has as many requests to a round as a busy pipeline.
  const world = planWorld(count, 2, idOf);
  return {
    requestsPerBlock,
    warmUpTriples,
    register: (store, scratch) => registerModels(store, world, scratch),
    requestsOf(triple, at) {
      const from = (triple * modes.length + at) * requestsPerBlock;
      return world.requests.slice(from, from + requestsPerBlock);
    },
  };
}
