import type { Random } from '../../random.ts';

/**
 * Chooses the forget samples of a step: all while they fit, else those farthest from the goal as
 * last known, filled up with others in turn.
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

  get size(): number {
    return this.#size;
  }

  /** @param distances [k] last known distance of every sample from its goal */
  next(distances: Float32Array): Int32Array {
    if (this.#size === this.#k) return Int32Array.from({ length: this.#k }, (_, i) => i);
    const chosen = new Set(
      [...distances.keys()]
        .filter((i) => (distances[i] as number) > 0)
        .sort((a, b) => (distances[b] as number) - (distances[a] as number) || a - b)
        .slice(0, Math.ceil(this.#size * urgentShare)),
    );
    while (chosen.size < this.#size) chosen.add(this.#nextInTurn());
    return Int32Array.from(chosen);
  }

  #nextInTurn(): number {
    if (this.#queue.length === 0) this.#queue = [...this.#random.permutation(this.#k)];
    return this.#queue.pop() as number;
  }
}

/** The rest of a batch keeps the others where they are. */
const urgentShare = 0.75;
