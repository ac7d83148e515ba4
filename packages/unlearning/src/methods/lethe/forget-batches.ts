import type { Random } from '../../random.ts';

/** What is last known of the forget samples. */
export interface LastKnown {
  /** [k] from its goal. */
  readonly distances: Float32Array;
  /** [k] from where the loss stops pushing it; undefined where it never stops. */
  readonly pressure?: Float32Array | undefined;
}

/**
 * Chooses the forget samples of a step: those that the loss pushes, all of them while they fit,
 * else those farthest from the goal first. Samples at rest have no gradient: of a set that fits
 * they are left out, of a larger one some are looked at in turn.
 */
export class ForgetBatches {
  readonly #k: number;
  readonly #size: number;
  readonly #random: Random;
  #queue: number[] = [];

  constructor(k: number, largest: number, random: Random) {
    this.#k = k;
    this.#size = Math.min(k, largest);
    this.#random = random;
  }

  /** Of the largest batch, and what the loss of every batch is a mean over. */
  get size(): number {
    return this.#size;
  }

  next({ distances, pressure }: LastKnown): Int32Array {
    const all = Int32Array.from({ length: this.#k }, (_, i) => i);
    if (this.#size === this.#k) return pressure === undefined ? all : awake(all, pressure);
    const chosen = new Set(
      [...all.filter((i) => (distances[i] as number) > 0)]
        .sort((a, b) => (distances[b] as number) - (distances[a] as number) || a - b)
        .slice(0, Math.ceil(this.#size * urgentShare)),
    );
    const count =
      pressure === undefined
        ? this.#size
        : Math.min(this.#size, roundedUp(chosen.size + Math.floor(this.#size * (1 - urgentShare))));
    while (chosen.size < count) chosen.add(this.#nextInTurn());
    return Int32Array.from(chosen);
  }

  #nextInTurn(): number {
    if (this.#queue.length === 0) this.#queue = [...this.#random.permutation(this.#k)];
    return this.#queue.pop() as number;
  }
}

/** Those under pressure, filled up with those nearest to it. */
function awake(all: Int32Array, pressure: Float32Array): Int32Array {
  const pushed = all.filter((i) => (pressure[i] as number) > -clearance).length;
  if (roundedUp(pushed) >= all.length) return all;
  return all
    .toSorted((a, b) => (pressure[b] as number) - (pressure[a] as number) || a - b)
    .subarray(0, roundedUp(pushed));
}

/** Few sizes, so that a backend compiles few programs. */
function roundedUp(count: number): number {
  return Math.max(1, Math.ceil(count / 8)) * 8;
}

/** The rest of a batch keeps the others where they are. */
const urgentShare = 0.75;
/** How far beyond the loss a sample is taken to stay until all are looked at again, in logits. */
const clearance = 0.5;
