import type { EvaluationSet } from '@lethe/contracts';
import type { HeldOutEvidence } from './domain/evidence.ts';
import type { SetPredictions } from './jobs/evaluate-job.ts';
import type { PredictionCache } from './prediction-cache.ts';

/** Which weights play which part, by digest; some may be the same. */
export interface ModelDigests {
  readonly candidate: string;
  readonly served: string;
  readonly original: string;
}

/** What is known of one gate set: its labels, and predictions by weights digest. */
export class GatePredictions {
  readonly set: EvaluationSet;
  #labels: Int32Array | undefined;
  readonly #predictions = new Map<string, Int32Array>();

  constructor(set: EvaluationSet, wanted: readonly string[], cache: PredictionCache) {
    this.set = set;
    this.#labels = cache.get(`labels:${set.digest}`);
    for (const digest of wanted) {
      const known = cache.get(`${digest}:${set.digest}`);
      if (known !== undefined) this.#predictions.set(digest, known);
    }
  }

  /** Weights that still have to see this set; with unknown labels, all of them. */
  missing(wanted: readonly string[]): readonly string[] {
    if (this.#labels === undefined) return wanted;
    return wanted.filter((digest) => !this.#predictions.has(digest));
  }

  learn({ labels, predictions }: SetPredictions, cache: PredictionCache): void {
    this.#labels = labels;
    cache.set(`labels:${this.set.digest}`, labels);
    for (const [digest, predicted] of Object.entries(predictions)) {
      this.#predictions.set(digest, predicted);
      cache.set(`${digest}:${this.set.digest}`, predicted);
    }
  }

  labels(): Int32Array {
    return this.#labels ?? new Int32Array(0);
  }

  predictions(digest: string): Int32Array {
    return this.#predictions.get(digest) ?? this.labels().map(() => -1);
  }
}

/** All gate sets as one. */
export function heldOutOf(sets: readonly GatePredictions[], models: ModelDigests): HeldOutEvidence {
  const over = (part: (set: GatePredictions) => Int32Array) =>
    Int32Array.from(sets.flatMap((set) => [...part(set)]));
  return {
    labels: over((set) => set.labels()),
    candidate: over((set) => set.predictions(models.candidate)),
    served: over((set) => set.predictions(models.served)),
    original: over((set) => set.predictions(models.original)),
  };
}
