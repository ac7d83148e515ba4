import { type Classifier, logits, setWeights } from '@lethe/models';
import {
  accuracy,
  joinSamples,
  type LabelledSamples,
  losses,
  membershipAuc,
  streisandShare,
} from '@lethe/unlearning';
import type { BenchTask } from './cifar-task.ts';

/** What is known about the network after a round; all fractions. */
export interface RoundFigures {
  readonly forgetAccuracy: number;
  /** On the forget sets of all earlier rounds together; null in the first. */
  readonly forgetAccuracyEarlier: number | null;
  /** The worst of the earlier rounds alone. */
  readonly forgetAccuracyEarlierWorst: number | null;
  /** On this and all earlier forget sets. */
  readonly forgetAccuracyAll: number;
  readonly mirroredForgetAccuracy: number;
  readonly testAccuracy: number;
  /** Without the 1,000 test images that rounds may use. */
  readonly otherTestAccuracy: number;
  readonly heldOutAccuracy: number;
  readonly otherTrainAccuracy: number;
  /** Of this and all earlier forget sets against the other test images, class by class. */
  readonly membershipAuc: number;
  readonly streisandShare: number;
}

/** Judges weights on everything; `round` counts from 0, earlier rounds come with it. */
export async function roundFigures(
  task: BenchTask,
  weights: readonly Float32Array[],
  round: number,
): Promise<RoundFigures> {
  const { classifier } = task;
  setWeights(classifier.model, weights);
  const sets = task.forgetSets.slice(0, round + 1);
  const perSet = await Promise.all(sets.map((set) => rightOf(classifier, set)));
  const current = sets[round] as LabelledSamples;
  const all = joinSamples(sets);
  const earlier = perSet.slice(0, round);
  const otherTest = await logits(classifier, task.otherTest.values, task.otherTest.labels.length);
  const forget = await logits(classifier, all.values, all.labels.length);
  const forgetLosses = losses(forget, all.labels, classifier.classCount);
  const otherLosses = losses(otherTest, task.otherTest.labels, classifier.classCount);
  const otherTestAccuracy = accuracy(otherTest, task.otherTest.labels, classifier.classCount);
  const heldOutAccuracy = await rightOf(classifier, task.heldOut);
  const [n, m] = [task.otherTest.labels.length, task.heldOut.labels.length];
  return {
    forgetAccuracy: perSet[round] as number,
    forgetAccuracyEarlier: round === 0 ? null : mean(earlier),
    forgetAccuracyEarlierWorst: round === 0 ? null : Math.max(...earlier),
    forgetAccuracyAll: mean(perSet),
    mirroredForgetAccuracy: await rightOf(classifier, mirrored(current)),
    testAccuracy: (otherTestAccuracy * n + heldOutAccuracy * m) / (n + m),
    otherTestAccuracy,
    heldOutAccuracy,
    otherTrainAccuracy: await rightOf(classifier, task.otherTrain),
    membershipAuc: membershipAuc(
      { losses: forgetLosses, labels: all.labels },
      { losses: otherLosses, labels: task.otherTest.labels },
    ),
    streisandShare: streisandShare(forgetLosses, otherLosses),
  };
}

async function rightOf(classifier: Classifier, samples: LabelledSamples): Promise<number> {
  const output = await logits(classifier, samples.values, samples.labels.length);
  return accuracy(output, samples.labels, classifier.classCount);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Images of 32 × 32 × 3, left and right swapped. */
function mirrored({ values, labels }: LabelledSamples): LabelledSamples {
  const flipped = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const channel = i % 3;
    const x = Math.floor(i / 3) % 32;
    flipped[i] = values[i - 3 * x - channel + 3 * (31 - x) + channel] as number;
  }
  return { values: flipped, labels };
}
