import { LetheError } from '@lethe/contracts';
import { Random } from '../random.ts';
import type { LabelledSamples, Network, RoundHooks } from '../round.ts';
import { runRound } from '../run-round.ts';
import type { SettingValue } from '../settings.ts';

export interface UnlearningPlan {
  /** What each round of `untrain` forgets, oldest round first; a sample may be in several. */
  readonly rounds: readonly LabelledSamples[];
  /** What rounds are led by. */
  readonly heldOut: LabelledSamples;
  readonly seed: number;
  /** `lethe` with its defaults where it is left out. */
  readonly method?:
    | { readonly name: string; readonly settings: Readonly<Record<string, SettingValue>> }
    | undefined;
}

/**
 * Rounds of `untrain` one after the other, each from what the one before left.
 *
 * @param original weights in the order of `model.getWeights()`
 * @returns those after the last round
 * @throws LetheError `precondition` where a round diverges, `cancelled` once the signal is aborted
 */
export async function unlearnRounds(
  network: Network,
  original: readonly Float32Array[],
  { rounds, heldOut, seed, method = { name: 'lethe', settings: {} } }: UnlearningPlan,
  hooksFor: (what: string) => RoundHooks = () => ({}),
): Promise<readonly Float32Array[]> {
  let [weights, state]: [readonly Float32Array[], Uint8Array | undefined] = [original, undefined];
  for (const [index, forget] of rounds.entries()) {
    const what = `unlearning, round ${index + 1}`;
    const result = await runRound(
      {
        network,
        weights,
        originalWeights: original,
        state,
        forget,
        mode: 'untrain',
        method: method.name,
        settings: method.settings,
        heldOut,
        seed: new Random(seed).fork(`round ${index}`).bits(),
      },
      hooksFor(what),
    );
    if (result.outcome === 'diverged') {
      throw new LetheError(
        'precondition',
        `${what} diverged: there is nothing to compare with. Try another seed, or what the lineage says of that round.`,
      );
    }
    [weights, state] = [result.weights, result.state];
  }
  return weights;
}
