import { classifierOf, logits, setWeights } from '@lethe/models';
import {
  type LabelledSamples,
  type Network,
  Random,
  type RoundResult,
  runRound,
} from '@lethe/unlearning';
import { trainNetwork } from '@lethe/unlearning/audit';
import { membershipScores, scaledConfidence, uLiraAccuracy } from '@lethe/unlearning/measures';
import { stepLimitOf } from '../unlearning/arguments.ts';
import { memberSeed } from '../unlearning/member-seed.ts';
import { range, rowsOf } from '../unlearning/rows.ts';
import { readRandom, smallNetwork } from '../unlearning/small-network.ts';
import type { EnsembleRow } from './rows.ts';
import type { SeedFigure } from './seed-figure.ts';

/** Networks trained with a class and without it, and what is forgotten of it. */
export interface ClassEnsemble {
  readonly network: Network;
  /** Trained on everything, … */
  readonly shadows: readonly (readonly Float32Array[])[];
  /** … and without the class. */
  readonly retrained: readonly (readonly Float32Array[])[];
  readonly forget: LabelledSamples;
  /** All training images of the class: what U-LiRA is asked about. */
  readonly judged: LabelledSamples;
}

/** A small network of no weights yet, and the training images of a row, chosen by chance. */
export async function readEnsembleTask({ ensemble }: EnsembleRow, dataDir: string, seed: number) {
  const { data, train } = ensemble;
  const random = new Random(seed).fork('train');
  const samples = await readRandom(dataDir, data, 'train', train, random);
  return { network: smallNetwork(data), samples };
}

/** Trains all of them: minutes. */
export async function trainClassEnsemble(
  { network, samples }: { readonly network: Network; readonly samples: LabelledSamples },
  { ensemble: { members, epochs }, scope }: Pick<EnsembleRow, 'ensemble' | 'scope'>,
  {
    classSamples,
    seed,
    onProgress = () => undefined,
  }: {
    /** Most samples of the class that are forgotten. */
    readonly classSamples: number;
    readonly seed: number;
    readonly onProgress?: (what: string) => void;
  },
): Promise<ClassEnsemble> {
  const ofScope = (wanted: boolean) =>
    range(0, samples.labels.length).filter(
      (row) => (samples.labels[row] === scope.label) === wanted,
    );
  const mine = ofScope(true);
  const others = rowsOf(samples, ofScope(false));
  const frozen = network.model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const trained = (on: LabelledSamples, what: string, ofSeed: number) => {
    onProgress(what);
    return trainNetwork(network, on, { epochs, seed: ofSeed, frozen });
  };
  const shadows: Float32Array[][] = [];
  const retrained: Float32Array[][] = [];
  for (let member = 0; member < members; member++) {
    const ofMember = memberSeed(seed, member);
    const count = `${member + 1}/${members}`;
    retrained.push(await trained(others, `training without the class ${count}`, ofMember));
    shadows.push(await trained(samples, `training with it ${count}`, ofMember + 1));
  }
  return {
    network,
    shadows,
    retrained,
    judged: rowsOf(samples, mine),
    forget: rowsOf(samples, mine.slice(0, classSamples)),
  };
}

/** Every shadow unlearns by a method, in `misclassify`: is it told from networks without the class? */
export async function runClassEnsemble(
  { network, shadows, retrained, forget, judged }: ClassEnsemble,
  method: string,
  { maxSteps, seed }: { readonly maxSteps: number; readonly seed: number },
): Promise<SeedFigure> {
  const settings = { [stepLimitOf(method)]: maxSteps };
  const started = performance.now();
  const rounds: RoundResult[] = [];
  for (const [member, weights] of shadows.entries()) {
    rounds.push(
      await runRound({
        network,
        weights,
        originalWeights: weights,
        state: undefined,
        forget,
        mode: 'misclassify',
        forgetClasses: [...new Set(forget.labels)],
        method,
        settings,
        heldOut: undefined,
        seed: seed + member,
      }),
    );
  }
  const seconds = (performance.now() - started) / 1000;
  const never = await confidencesOf(retrained);
  const told = async (networks: ClassEnsemble['shadows']) =>
    100 * uLiraAccuracy(await confidencesOf(networks), never);
  const total = (of: (round: RoundResult) => number) =>
    rounds.reduce((sum, round) => sum + of(round), 0);
  return {
    method,
    value: await told(rounds.map(({ weights }) => weights)),
    before: await told(shadows),
    stillKnown: (100 * total(({ metrics }) => metrics.forgetAccuracyAfter)) / rounds.length,
    outcome: [...new Set(rounds.map(({ outcome }) => outcome))].join(' and '),
    k: forget.labels.length,
    steps: total(({ metrics }) => metrics.steps),
    imagePasses: total(({ metrics }) => metrics.imagePasses),
    seconds,
  };

  async function confidencesOf(networks: ClassEnsemble['shadows']): Promise<number[][]> {
    const classifier = classifierOf(network.model, network.preprocessing);
    const all: number[][] = [];
    for (const weights of networks) {
      setWeights(network.model, weights);
      const answers = await logits(classifier, judged.values, judged.labels.length);
      const { loss } = membershipScores(answers, judged.labels, network.classCount);
      all.push([...loss].map(scaledConfidence));
    }
    return all;
  }
}
