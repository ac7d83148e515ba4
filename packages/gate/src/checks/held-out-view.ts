import { type Calls, pairedDifference } from '@lethe/unlearning/measures';
import type { HeldOutEvidence, Logits } from '../evidence/evidence.ts';
import { predictionsOf } from '../evidence/predictions.ts';
import type { ScoreBook } from '../evidence/score-book.ts';
import type { Slice } from '../policy/policy.ts';
import { type Finding, failed, inconclusive } from './finding.ts';

export const baselines = ['served', 'original'] as const;
export type Baseline = (typeof baselines)[number];

/** A logit that no softmax sees, and finite: entropies stay numbers. */
const unreachable = -1e30;

/** Held-out evidence with what is derived from it, worked out once. */
export class HeldOutView {
  readonly labels: Int32Array;
  readonly predictions: Readonly<Record<'candidate' | Baseline, Int32Array>>;
  readonly #evidence: HeldOutEvidence;
  readonly #classCount: number;
  readonly #book: ScoreBook;

  constructor(evidence: HeldOutEvidence, classCount: number, book: ScoreBook) {
    this.#book = book;
    this.#evidence = evidence;
    this.#classCount = classCount;
    this.labels = evidence.labels;
    this.predictions = {
      candidate: predictionsOf(evidence.candidate, classCount),
      served: predictionsOf(evidence.served, classCount),
      original: predictionsOf(evidence.original, classCount),
    };
  }

  /**
   * The same with baselines that cannot answer with these classes. A network that has lost a class
   * gets some samples right that it took for that class before: that is no gain of its own.
   */
  withoutClasses(labels: readonly number[]): HeldOutView {
    if (labels.length === 0) return this;
    const without = (logits: Logits) => {
      const left = logits.slice();
      for (let row = 0; row < left.length; row += this.#classCount) {
        for (const label of labels) left[row + label] = unreachable;
      }
      return left;
    };
    const { served, original } = this.#evidence;
    const evidence = { ...this.#evidence, served: without(served), original: without(original) };
    return new HeldOutView(evidence, this.#classCount, this.#book);
  }

  /** Outputs that are not finite leave nothing to compare. */
  broken(): readonly Finding[] {
    return (['candidate', ...baselines] as const).flatMap((model) => {
      const count = this.predictions[model].filter((prediction) => prediction < 0).length;
      if (count === 0) return [];
      const said = { value: count, sampleCount: this.labels.length };
      return model === 'candidate'
        ? [
            failed(
              'held_out_outputs.finite',
              'non_finite',
              `${count} held-out outputs are not finite.`,
              said,
            ),
          ]
        : [
            inconclusive(
              `held_out_outputs.${model}_finite`,
              'baseline_not_finite',
              `${count} held-out outputs of the ${model} model are not finite: there is nothing to compare with.`,
              said,
            ),
          ];
    });
  }

  rowsWhere(holds: (row: number) => boolean): readonly number[] {
    return [...this.labels.keys()].filter(holds);
  }

  rowsOfSlice({ classes, set, rows }: Slice): readonly number[] {
    const found: number[] = [];
    let at = 0;
    for (const part of this.#evidence.parts) {
      for (const position of part.rows) {
        const row = at++;
        if (set !== undefined && part.set !== set) continue;
        if (classes !== undefined && !classes.includes(this.labels[row] as number)) continue;
        if (rows !== undefined && !rows.some(([from, to]) => position >= from && position < to)) {
          continue;
        }
        found.push(row);
      }
    }
    return found;
  }

  accuracies(rows: readonly number[], baseline: Baseline) {
    let [gained, lost, both] = [0, 0, 0];
    for (const row of rows) {
      const label = this.labels[row];
      const now = this.predictions.candidate[row] === label;
      const before = this.predictions[baseline][row] === label;
      if (now && before) both += 1;
      else if (now) gained += 1;
      else if (before) lost += 1;
    }
    const n = rows.length;
    return {
      sampleCount: n,
      estimate: () => pairedDifference({ gained, lost, n }),
      observed: n === 0 ? 0 : (both + gained) / n,
      reference: n === 0 ? 0 : (both + lost) / n,
    };
  }

  logitsOf(model: 'candidate' | Baseline, rows: readonly number[]): Logits {
    const all = this.#evidence[model];
    if (rows.length === this.labels.length) return all;
    const picked = new Float32Array(rows.length * this.#classCount);
    rows.forEach((row, i) => {
      const from = row * this.#classCount;
      picked.set(all.subarray(from, from + this.#classCount), i * this.#classCount);
    });
    return picked;
  }

  columnsOf(
    model: 'candidate' | Baseline,
    rows: readonly number[],
    columns: readonly number[],
  ): Logits {
    const whole = this.logitsOf(model, rows);
    if (columns.length === this.#classCount) return whole;
    return Float32Array.from({ length: rows.length * columns.length }, (_, i) => {
      const row = Math.floor(i / columns.length);
      return whole[row * this.#classCount + (columns[i % columns.length] as number)] as number;
    });
  }

  calls(model: 'candidate' | Baseline, rows: readonly number[]): Calls {
    const labels = pick(this.labels, rows);
    const { confidence } = this.#book.of(this.logitsOf(model, rows), labels);
    const predicted = pick(this.predictions[model], rows);
    return { confidence, right: labels.map((label, i) => (label === predicted[i] ? 1 : 0)) };
  }
}

export function pick(values: Int32Array, rows: readonly number[]): Int32Array {
  return Int32Array.from(rows, (row) => values[row] as number);
}
