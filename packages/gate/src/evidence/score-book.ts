import { membershipScores, type Scores } from '@lethe/unlearning/measures';
import type { Logits } from './evidence.ts';

/** Membership scores of outputs, worked out once for one judgement. */
export class ScoreBook {
  readonly #classCount: number;
  readonly #known = new Map<Logits, Scores>();

  constructor(classCount: number) {
    this.#classCount = classCount;
  }

  /** @param labels always the same for the same logits */
  of(logits: Logits, labels: Int32Array): Scores {
    const known = this.#known.get(logits);
    if (known !== undefined) return known;
    const scores = membershipScores(logits, labels, this.#classCount);
    this.#known.set(logits, scores);
    return scores;
  }
}
