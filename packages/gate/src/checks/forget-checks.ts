import {
  type Answers,
  aucEstimate,
  augmentations,
  classMatchedDifference,
  type Estimate,
  exactShare,
  placementShift,
  scoreNames,
  streisandEstimate,
} from '@lethe/unlearning/measures';
import type { Evidence, ForgetEvidence } from '../evidence/evidence.ts';
import type { ScoreBook } from '../evidence/score-book.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy } from '../policy/policy.ts';
import {
  type Finding,
  failed,
  inconclusive,
  missing,
  passed,
  recordsUndecided,
  ruleOf,
  unmeasured,
} from './finding.ts';
import { ForgetView } from './forget-view.ts';
import { type Pool, poolOf, windowOf } from './pool.ts';

/** Does the candidate treat the forgotten samples as its mode wants? */
export function forgetFindings(
  evidence: Evidence,
  policy: Policy,
  book: ScoreBook,
): readonly Finding[] {
  const { forget, heldOut, mode, classNames } = evidence;
  const name = 'forget_outputs.finite';
  if (forget.kind === 'missing') return [missing(name, forget)];
  if (heldOut.kind === 'missing') return [];
  const view = new ForgetView(heldOut.value, classNames.length, book);
  const own = forget.value;
  const broken = view.predictions(own).filter((prediction) => prediction < 0).length;
  if (broken > 0) {
    const sentence = `${broken} outputs for forgotten samples are not finite.`;
    return [
      failed(name, 'non_finite', sentence, { value: broken, sampleCount: own.labels.length }),
    ];
  }
  const finite = passed(name, 'Every output for a forgotten sample is finite.', {
    sampleCount: own.labels.length,
  });
  const measure = measureFor(evidence, own, policy);
  switch (mode) {
    case 'untrain':
      return [finite, ...untrainFindings(view, own, policy, measure)];
    case 'misclassify':
      return [
        finite,
        ...measure(
          'forget_accuracy.recognised',
          'Share of the forgotten samples still given their label',
          (pool) => shareGiven(view, pool.sets, (set) => set.labels),
        ),
      ];
    case 'relabel':
      if (own.targets === undefined) {
        const sentence = 'The round does not say which label was to be given.';
        return [finite, inconclusive('forget_accuracy.given_target', 'no_target', sentence)];
      }
      return [
        finite,
        ...measure(
          'forget_accuracy.given_target',
          'Share of the corrected samples given the stated label',
          (pool) => shareGiven(view, pool.sets, (set) => set.targets ?? set.labels.map(() => -1)),
        ),
      ];
    default:
      return mode satisfies never;
  }
}

type Measure = (
  metric: MetricName,
  what: string,
  estimate: (pool: Pool) => Estimate,
  sides?: (pool: Pool) => { readonly observed: number; readonly reference: number },
) => readonly Finding[];

/** Measures over the round's own samples, and over those of its window. */
function measureFor(evidence: Evidence, own: ForgetEvidence, policy: Policy): Measure {
  const { mode, earlier } = evidence;
  const sameMode = earlier.kind === 'found' ? earlier.value.filter((set) => set.mode === mode) : [];
  const window = windowOf(own, sameMode, policy.windowSamples);
  const pools = [
    { suffix: '', pool: poolOf(own) },
    ...(window === undefined ? [] : [{ suffix: '.window', pool: window }]),
  ];
  return (metric, what, estimate, sides) => {
    const rule = ruleOf(policy, mode, metric);
    if (rule === undefined) return [];
    return pools.map(({ suffix, pool }): Finding => {
      const { sampleCount, pooled, errorShare } = pool;
      return {
        kind: 'measured',
        name: `${metric}${suffix}`,
        metric,
        rule,
        estimate: estimate(pool),
        sampleCount,
        what,
        pooled,
        errorShare,
        ...sides?.(pool),
      };
    });
  };
}

function untrainFindings(
  view: ForgetView,
  own: ForgetEvidence,
  policy: Policy,
  measure: Measure,
): readonly Finding[] {
  const thin = view.thinClasses([own], policy.minHeldOutPerClass);
  if (thin.length > 0) {
    const sentence = `Class ${thin.join(', ')} of the forget set has fewer than ${policy.minHeldOutPerClass} held-out samples to compare with.`;
    return [inconclusive('forget_accuracy.vs_unseen', 'too_few_held_out', sentence)];
  }
  const loss = (pool: Pool) => view.placements(pool.sets, 'loss', 'candidate');
  return [
    ...measure(
      'forget_accuracy.vs_unseen',
      'Accuracy on the forgotten samples against unseen ones of the same classes',
      (pool) => classMatchedDifference(answersOf(view, pool.sets), answersOf(view, [view.heldOut])),
      (pool) => {
        const { right } = answersOf(view, pool.sets);
        const observed = sum(right) / right.length;
        const { value } = classMatchedDifference(
          answersOf(view, pool.sets),
          answersOf(view, [view.heldOut]),
        );
        return { observed, reference: observed - value };
      },
    ),
    ...scoreNames.flatMap((score) =>
      measure(`membership_auc.${score}`, `Membership AUC by ${score.replace('_', ' ')}`, (pool) =>
        aucEstimate(view.placements(pool.sets, score, 'candidate')),
      ),
    ),
    ...measure(
      'membership_left.vs_original',
      'Membership signal less half of the original model’s',
      (pool) =>
        placementShift(
          loss(pool).ofForget,
          view.placements(pool.sets, 'loss', 'original').ofForget,
          0.5,
        ),
    ),
    ...measure(
      'streisand_share',
      'Share of forgotten samples whose loss is above the held-out p99',
      (pool) => {
        const lossesOf = (set: ForgetEvidence | ForgetView['heldOut']) =>
          view.scores(set, 'candidate').loss.map((score) => -score);
        return streisandEstimate(
          pool.sets.flatMap((set) => [...lossesOf(set)]),
          lossesOf(view.heldOut),
        );
      },
    ),
    ...augmentations.flatMap((augmentation): readonly Finding[] => {
      const metric = `residual_knowledge.${augmentation}` as const;
      const found = view.copyPlacements(own, augmentation);
      const rule = ruleOf(policy, 'untrain', metric);
      if (found === undefined || rule === undefined) return [];
      if (found.classes.length === 0) {
        const sentence = `No ${augmentation} copies of unseen samples of the same classes to compare with.`;
        const advisory = recordsUndecided(rule);
        return [unmeasured(metric, { metric, rule }, 'too_few_held_out', sentence, advisory)];
      }
      const what = `Membership AUC of the loss on ${augmentation} copies`;
      const sampleCount = own.copies?.labels.length ?? 0;
      const estimate = aucEstimate(found);
      return [{ kind: 'measured', name: metric, metric, rule, estimate, sampleCount, what }];
    }),
  ];
}

interface Judged {
  readonly labels: Int32Array;
  readonly candidate: Float32Array;
  readonly served: Float32Array;
  readonly original: Float32Array;
}

function answersOf(
  view: ForgetView,
  sets: readonly Judged[],
): Answers & { right: readonly number[] } {
  return {
    labels: sets.flatMap(({ labels }) => [...labels]),
    right: sets.flatMap((set) => {
      const predicted = view.predictions(set);
      return [...set.labels].map((label, i) => (predicted[i] === label ? 1 : 0));
    }),
  };
}

/** Share of the samples that the candidate gives `wanted`. */
export function shareGiven(
  view: ForgetView,
  sets: readonly ForgetEvidence[],
  wanted: (set: ForgetEvidence) => Int32Array,
): Estimate {
  let [given, count] = [0, 0];
  for (const set of sets) {
    const predicted = view.predictions(set);
    const labels = wanted(set);
    given += labels.reduce((sum, label, i) => sum + (predicted[i] === label ? 1 : 0), 0);
    count += labels.length;
  }
  return exactShare(given, count);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
