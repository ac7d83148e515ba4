import {
  type Augmentation,
  membershipScores,
  type Placements,
  placements,
  type ScoredByClass,
  type ScoreName,
  type Scores,
} from '@lethe/unlearning/measures';
import type { Copies, ForgetEvidence, HeldOutEvidence, ThreeViews } from '../evidence/evidence.ts';
import { predictionsOf } from '../evidence/predictions.ts';

type Model = keyof ThreeViews;

/** Forgotten samples beside unseen ones, with what is derived from both worked out once. */
export class ForgetView {
  readonly heldOut: HeldOutEvidence;
  readonly #classCount: number;
  readonly #scores = new WeakMap<ThreeViews, Map<Model, Scores>>();
  readonly #predictions = new WeakMap<ThreeViews, Int32Array>();

  constructor(heldOut: HeldOutEvidence, classCount: number) {
    this.heldOut = heldOut;
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
    const byModel = this.#scores.get(samples) ?? new Map<Model, Scores>();
    this.#scores.set(samples, byModel);
    const known = byModel.get(model);
    if (known !== undefined) return known;
    const found = membershipScores(samples[model], samples.labels, this.#classCount);
    byModel.set(model, found);
    return found;
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
      scores: membershipScores(copies.candidate[augmentation], copies.labels, this.#classCount)
        .loss,
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
