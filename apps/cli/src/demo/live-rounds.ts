import { type ModelKey, Outcome, type RoundProgress } from '@lethe/contracts';
import type { LineageStore } from '@lethe/lineage';
import { percent } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import type { ProgressBar } from '../output/progress-bar.ts';

/** Shows a model's rounds as they run, and one line for each that was decided. */
export class LiveRounds {
  readonly #lineage: LineageStore;
  readonly #modelKey: ModelKey;
  readonly #out: Output;
  #shown = 0;
  /** Calls follow each other, so that each round is shown once. */
  #showing: Promise<void> = Promise.resolve();
  #bar: { readonly sequence: number; readonly bar: ProgressBar } | undefined;

  constructor(lineage: LineageStore, modelKey: ModelKey, out: Output) {
    this.#lineage = lineage;
    this.#modelKey = modelKey;
    this.#out = out;
  }

  /** Follows until the stream ends or is cancelled. */
  async follow(updates: AsyncIterable<RoundProgress>, signal: AbortSignal): Promise<void> {
    try {
      for await (const update of updates) {
        if (update.sequence !== this.#bar?.sequence) await this.showDecided();
        if (update.phase === 'computing') this.#draw(update);
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    this.#clear();
  }

  /** Prints a line for every round decided since the last call. */
  showDecided(): Promise<void> {
    this.#showing = this.#showing.then(() => this.#showNew());
    return this.#showing;
  }

  async #showNew(): Promise<void> {
    for (;;) {
      const sequence = this.#shown + 1;
      const decision = await this.#lineage.decision(this.#modelKey, sequence);
      if (decision === undefined) return;
      this.#clear();
      this.#out.line(await this.#describe(sequence, decision.record.promoted));
      this.#shown = sequence;
    }
  }

  async #describe(sequence: number, promoted: boolean): Promise<string> {
    const entry = (await this.#lineage.manifest(this.#modelKey, sequence))?.record.entry;
    const verdict = (await this.#lineage.verdict(this.#modelKey, sequence))?.record;
    if (entry?.$case !== 'round') return `round ${sequence}  escalated`;
    const { parts, method, metrics } = entry.value;
    const images = parts.reduce((sum, part) => sum + part.rows.length, 0);
    const heldOut = verdict?.checks.find((check) => check.name === 'held_out_accuracy.vs_original');
    const failed = verdict?.checks.find(
      ({ outcome, advisory }) => outcome === Outcome.OUTCOME_FAIL && !advisory,
    );
    const { green, red } = this.#out.colours;
    return [
      `round ${sequence}`,
      `${method}: ${parts.length} requests, ${images} images`,
      `forget ${percent(metrics?.forgetAccuracyBefore)} → ${percent(metrics?.forgetAccuracyAfter)}`,
      `held out ${percent(heldOut?.observed)}`,
      promoted ? green('promoted') : `${red('rejected')}: ${failed?.explanation ?? 'inconclusive'}`,
    ].join('  ');
  }

  #draw(update: RoundProgress): void {
    if (this.#bar?.sequence !== update.sequence) {
      this.#clear();
      const bar = this.#out.progress(`round ${update.sequence}  ${update.method}`);
      this.#bar = { sequence: update.sequence, bar };
    }
    const { step, stepLimit, sampleCount, pendingRequestCount } = update;
    // Before the first step nothing is measured.
    const forget = step === 0 ? '' : `forget ${percent(update.forgetAccuracy)}, `;
    const note = `${sampleCount} images, ${forget}${pendingRequestCount} waiting`;
    this.#bar.bar.update(step, stepLimit, note);
  }

  #clear(): void {
    this.#bar?.bar.finish();
    this.#bar = undefined;
  }
}
