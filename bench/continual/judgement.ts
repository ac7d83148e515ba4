import { type Classifier, logits, setWeights } from '@lethe/models';
import { joinSamples, type LabelledSamples } from '@lethe/unlearning';
import {
  accuracy,
  augmentations,
  augmentedCopies,
  classMatchedAuc,
  classMatchedDifference,
  membershipScores,
  type ScoreName,
  scoreNames,
} from '@lethe/unlearning/measures';
import type { BenchTask } from '../unlearning/cifar-task.ts';

/** Everything that is asked of a network after a round; shares are fractions, of all rounds so far. */
export interface Judgement {
  /** Test images asked. */
  readonly testCount: number;
  readonly testAccuracy: number;
  /** Without those that rounds may use. */
  readonly otherTestAccuracy: number;
  /** On training images that nobody asks to forget. */
  readonly retainedAccuracy: number;
  /** Forget accuracy less class-matched accuracy on the other test images, with its 95 % interval. */
  readonly classMatchedDifference: Bounded;
  /** Membership AUC of each score against the other test images, with its 95 % interval. */
  readonly auc: Readonly<Record<ScoreName, Bounded>>;
  /**
   * The same of the loss of the held-out images that rounds of `untrain` go by: as few of them lie
   * apart from the other test images by chance, what is led to where they stand does too.
   */
  readonly heldOutAuc: Bounded;
  /** The same of copies, beside copies of other test images; not asked in part. */
  readonly copies: Readonly<
    Record<string, { readonly auc: Bounded; readonly difference: Bounded }>
  >;
}

export interface Bounded {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * @param sets forget sets of all rounds so far
 * @param look test images to ask, a share of all the rest too; all and copies when not given
 */
export async function judge(
  task: BenchTask,
  weights: readonly Float32Array[],
  sets: readonly LabelledSamples[],
  look?: number,
): Promise<Judgement> {
  const { classifier } = task;
  const share = look === undefined ? 1 : look / task.otherTest.labels.length;
  const otherTest = firstOf(task.otherTest, share);
  const heldOut = firstOf(task.heldOut, share);
  const otherTrain = firstOf(task.otherTrain, share);
  setWeights(classifier.model, weights);
  const forget = joinSamples(sets);
  const [ofForget, ofOther, ofHeldOut] = [
    await answersOf(classifier, forget),
    await answersOf(classifier, otherTest),
    await answersOf(classifier, heldOut),
  ];
  const heldOutAccuracy = accuracy(ofHeldOut.logits, heldOut.labels, classifier.classCount);
  const [n, m] = [otherTest.labels.length, heldOut.labels.length];
  const otherTestAccuracy = accuracy(ofOther.logits, otherTest.labels, classifier.classCount);
  return {
    testCount: n + m,
    testAccuracy: (otherTestAccuracy * n + heldOutAccuracy * m) / (n + m),
    otherTestAccuracy,
    retainedAccuracy: await accuracyOf(classifier, otherTrain),
    classMatchedDifference: differenceOf(ofForget, ofOther),
    auc: Object.fromEntries(
      scoreNames.map((score) => [score, aucOf(ofForget, ofOther, score)]),
    ) as Record<ScoreName, Bounded>,
    heldOutAuc: aucOf(ofHeldOut, ofOther, 'loss'),
    copies: look === undefined ? await judgeCopies(classifier, forget, otherTest) : {},
  };
}

/** Residual knowledge: copies of forgotten images beside copies of unseen ones. */
async function judgeCopies(
  classifier: Classifier,
  forget: LabelledSamples,
  unseen: LabelledSamples,
): Promise<Judgement['copies']> {
  const copies: [string, Judgement['copies'][string]][] = [];
  for (const augmentation of augmentations) {
    const copied = ({ values, labels }: LabelledSamples) =>
      answersOf(classifier, {
        values: augmentedCopies(
          values,
          classifier.sampleShape as unknown as [number, number, number],
          augmentation,
        ),
        labels,
      });
    const [a, b] = [await copied(forget), await copied(unseen)];
    copies.push([augmentation, { auc: aucOf(a, b, 'loss'), difference: differenceOf(a, b) }]);
  }
  return Object.fromEntries(copies);
}

interface JudgedAnswers {
  readonly logits: Float32Array;
  readonly labels: Int32Array;
  readonly right: Uint8Array;
  readonly scores: ReturnType<typeof membershipScores>;
}

async function answersOf(
  classifier: Classifier,
  { values, labels }: LabelledSamples,
): Promise<JudgedAnswers> {
  const { classCount } = classifier;
  const output = await logits(classifier, values, labels.length);
  const right = Uint8Array.from(labels, (label, i) =>
    accuracy(
      output.subarray(i * classCount, (i + 1) * classCount),
      Int32Array.of(label),
      classCount,
    ),
  );
  return { logits: output, labels, right, scores: membershipScores(output, labels, classCount) };
}

function aucOf(forget: JudgedAnswers, unseen: JudgedAnswers, score: ScoreName): Bounded {
  return bounded(
    classMatchedAuc(
      { scores: forget.scores[score], labels: forget.labels },
      { scores: unseen.scores[score], labels: unseen.labels },
    ),
  );
}

function differenceOf(forget: JudgedAnswers, unseen: JudgedAnswers): Bounded {
  return bounded(classMatchedDifference(forget, unseen));
}

function bounded({
  value,
  interval,
}: {
  readonly value: number;
  readonly interval: (confidence: number) => { readonly low: number; readonly high: number };
}): Bounded {
  return { value, ...interval(0.95) };
}

/** Whether each sample of a set is given its label: 1 or 0. */
export async function rightOf(
  task: BenchTask,
  weights: readonly Float32Array[],
  samples: LabelledSamples,
): Promise<Uint8Array> {
  setWeights(task.classifier.model, weights);
  return (await answersOf(task.classifier, samples)).right;
}

async function accuracyOf(classifier: Classifier, samples: LabelledSamples): Promise<number> {
  const output = await logits(classifier, samples.values, samples.labels.length);
  return accuracy(output, samples.labels, classifier.classCount);
}

function firstOf({ values, labels }: LabelledSamples, share: number): LabelledSamples {
  const count = Math.min(labels.length, Math.round(share * labels.length));
  return {
    values: values.subarray(0, (values.length / labels.length) * count),
    labels: labels.subarray(0, count),
  };
}
