import {
  type Augmentation,
  type Placements,
  placements,
  type ScoredByClass,
  type ScoreName,
  type Scores,
} from '@lethe/unlearning/measures';
import type { Copies, ForgetEvidence, HeldOutEvidence, ThreeViews } from '../evidence/evidence.ts';
import { predictionsOf } from '../evidence/predictions.ts';
import type { ScoreBook } from '../evidence/score-book.ts';

type Model = keyof ThreeViews;

/** Forgotten samples beside unseen ones, with what is derived from both worked out once. */
export class ForgetView {
  readonly heldOut: HeldOutEvidence;
  readonly #classCount: number;
  readonly #book: ScoreBook;
  readonly #predictions = new WeakMap<ThreeViews, Int32Array>();

  constructor(heldOut: HeldOutEvidence, classCount: number, book: ScoreBook) {
    this.heldOut = heldOut;
    this.#book = book;
    this.#classCount = classCount;
  }

  /** [n] classes that the candidate gives; −1 where its output is not finite. */
  predictions(samples: ThreeViews): Int32Array {
    const known = this.#predictions.get(samples);
    if (known !== undefined) return known;
    const found = predictionsOf(samples.candidate, this.#classCount);
    this.#predictions.set(samples, found);
    return found;
  }

  scores(samples: ThreeViews & { readonly labels: Int32Array }, model: Model): Scores {
    return this.#book.of(samples[model], samples.labels);
  }

  /** Where the samples of several forget sets stand among unseen ones, all under one model. */
  placements(sets: readonly ForgetEvidence[], score: ScoreName, model: Model): Placements {
    const scored = (samples: ThreeViews & { readonly labels: Int32Array }): ScoredByClass => ({
      scores: this.scores(samples, model)[score],
      labels: samples.labels,
    });
    return placements(joined(sets.map(scored)), scored(this.heldOut));
  }

  /** The same for augmented copies; `undefined` where there are none. */
  copyPlacements(forget: ForgetEvidence, augmentation: Augmentation): Placements | undefined {
    const [mine, theirs] = [forget.copies, this.heldOut.copies];
    if (mine === undefined || theirs === undefined) return undefined;
    const scored = (copies: Copies): ScoredByClass => ({
      scores: this.#book.of(copies.candidate[augmentation], copies.labels).loss,
      labels: copies.labels,
    });
    return placements(scored(mine), scored(theirs));
  }

  /** Classes of the sets that fewer than `least` held-out samples can be compared with. */
  thinClasses(sets: readonly ForgetEvidence[], least: number): readonly number[] {
    const wanted = new Set(sets.flatMap(({ labels }) => [...labels]));
    return [...wanted]
      .filter((label) => this.heldOut.labels.filter((each) => each === label).length < least)
      .sort((a, b) => a - b);
  }
}

function joined(parts: readonly ScoredByClass[]): ScoredByClass {
  return {
    scores: parts.flatMap(({ scores }) => Array.from(scores)),
    labels: parts.flatMap(({ labels }) => Array.from(labels)),
  };
}
