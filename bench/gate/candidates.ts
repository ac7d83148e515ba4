import { Outcome } from '@lethe/contracts';
import { type Evidence, type Found, judge, type Policy } from '@lethe/gate';
import { joinSamples, type LabelledSamples, Random } from '@lethe/unlearning';
import { augmentedCopies } from '@lethe/unlearning/measures';
import { evidenceOf } from './evidence-of.ts';
import { classCount, side, slice } from './pictures.ts';
import { accuracyOf, train, type Weights } from './small-network.ts';
import { retrained, type World } from './world.ts';

/** A kind of candidate that is planted, and whether it deserves to pass. */
export interface Planted {
  readonly name: string;
  /** `undefined`: beyond what so few samples can tell; shown, not asked for. */
  readonly good: boolean | undefined;
  readonly evidence: (world: World) => Evidence;
}

const bad = (name: string, weights: (world: World) => Weights): Planted => ({
  name,
  good: false,
  evidence: (world) => evidenceOf(world, weights(world)),
});

const spoilt = (name: string, change: (evidence: Evidence) => Evidence): Planted => ({
  name,
  good: false,
  evidence: (world) => change(evidenceOf(world, world.neverSaw)),
});

const missing = (reason: string): Extract<Found<never>, { kind: 'missing' }> => ({
  kind: 'missing',
  reason,
  explanation: 'planted',
});

/** The kinds that one judgement decides; the slow drift has a function of its own. */
export const planted: readonly Planted[] = [
  { name: 'perfect: never saw it', good: true, evidence: (w) => evidenceOf(w, w.neverSaw) },
  {
    name: 'truly retrained, another start',
    good: true,
    evidence: (w) => evidenceOf(w, retrained(w, w.retain, 'retrained')),
  },
  bad('does nothing', ({ served }) => served),
  bad('does next to nothing', ({ served, seed }) => noisy(served, 0.002, seed)),
  {
    name: 'forgets only half',
    good: undefined,
    evidence: (w) =>
      evidenceOf(
        w,
        train(
          w.neverSaw,
          joinSamples([w.retain, slice(w.forget, 0, w.forget.labels.length / 2)]),
          60,
        ),
      ),
  },
  bad('retrained with the data left in', (w) =>
    retrained(w, joinSamples([w.retain, w.forget]), 'retrained with'),
  ),
  bad('forgets by wrecking', ({ served, seed }) => noisy(served, 0.8, seed)),
  bad('forgets by driving the loss up', (w) => train(w.served, w.retain, 40, { ascend: w.forget })),
  bad('learns random labels', (w) =>
    train(w.served, joinSamples([w.retain, relabelled(w.forget)]), 60),
  ),
  bad(
    'suppresses logits',
    ({ neverSaw: [w1, b1, w2, b2] }) => [w1, b1, scaled(w2, 0.05), scaled(b2, 0.05)] as Weights,
  ),
  bad(
    'over-forgets one class',
    ({ neverSaw: [w1, b1, w2, b2] }) =>
      [w1, b1, w2, b2?.map((bias, label) => (label === 3 ? bias - 6 : bias))] as Weights,
  ),
  bad('overfits the gate set', (w) => train(w.neverSaw, joinSamples([w.retain, w.gate]), 150)),
  bad(
    'two labels swapped',
    ({ neverSaw: [w1, b1, w2, b2] }) =>
      [w1, b1, swapped(w2, classCount), swapped(b2, classCount)] as Weights,
  ),
  bad('NaN in one tensor', ({ neverSaw }) =>
    neverSaw.map((array, i) => (i === 2 ? array.with(5, Number.NaN) : array)),
  ),
  bad('brings an earlier forget set back', (w) =>
    train(w.neverSaw, joinSamples([w.retain, w.earlier]), 60),
  ),
  bad('knows the mirrored copies', (w) =>
    train(w.neverSaw, joinSamples([w.retain, mirrored(w.forget)]), 60),
  ),
  bad('suspiciously better', (w) =>
    retrained(w, joinSamples([w.retain, w.spare, slice(w.gate, 0, 1500)]), 'better'),
  ),
  spoilt('stale baseline', (evidence) => ({
    ...evidence,
    served: { sequence: 7, weightsDigest: 'promoted meanwhile' },
  })),
  spoilt('right weights under a wrong digest', (evidence) =>
    evidence.weights.kind === 'missing'
      ? evidence
      : {
          ...evidence,
          weights: { kind: 'found', value: { ...evidence.weights.value, actualDigest: 'other' } },
        },
  ),
  spoilt('weights cut short', (evidence) => ({
    ...evidence,
    weights: missing('weights_unreadable'),
    heldOut: missing('weights_unreadable'),
    forget: missing('weights_unreadable'),
  })),
  spoilt('no baseline to compare with', (evidence) => ({
    ...evidence,
    heldOut: missing('baseline_unreadable'),
  })),
  spoilt('gate samples that steered the round', (evidence) => ({
    ...evidence,
    hygiene: {
      kind: 'found',
      value: { sharedWithStop: 40, trainedOn: 0, excludedOnRequest: 0, left: 4000 },
    },
  })),
];

export interface Drift {
  /** Round whose candidate the gate stopped; `undefined` when it stopped none. */
  readonly stoppedAt: number | undefined;
  /** Metrics that stopped it. */
  readonly metrics: readonly string[];
  /** Accuracy on fresh samples lost by what serves in the end, against the original. */
  readonly trueDrop: number;
}

/**
 * Fifty rounds that each lose a little: far less than what may be lost against the served model.
 *
 * @returns how far accuracy on fresh samples had truly fallen where the gate stopped it, and when
 */
export function slowDrift(world: World, policy: Policy): Drift {
  const random = new Random(world.seed).fork('drift');
  const before = accuracyOf(world.original, world.fresh);
  const away = world.neverSaw.map((array) => array.map(() => random.normal()));
  let served = world.neverSaw;
  for (let round = 1; round <= 50; round++) {
    const candidate = served.map((array, i) =>
      array.map((value, j) => value + 0.012 * (away[i]?.[j] ?? 0)),
    );
    const { outcome, checks } = judge(
      evidenceOf(world, candidate, { served, original: world.original }),
      policy,
    );
    if (outcome !== Outcome.OUTCOME_PASS) {
      const metrics = checks
        .filter((check) => !check.advisory && check.outcome !== Outcome.OUTCOME_PASS)
        .map(({ metric, name }) => metric || name);
      return { stoppedAt: round, metrics, trueDrop: before - accuracyOf(served, world.fresh) };
    }
    served = candidate;
  }
  return { stoppedAt: undefined, metrics: [], trueDrop: before - accuracyOf(served, world.fresh) };
}

function noisy(weights: Weights, share: number, seed: number): Weights {
  const random = new Random(seed).fork('noise');
  return weights.map((array) => {
    const deviation = Math.sqrt(array.reduce((sum, v) => sum + v * v, 0) / array.length);
    return array.map((value) => value + share * deviation * random.normal());
  });
}

const scaled = (array: Float32Array | undefined, factor: number) =>
  array?.map((value) => factor * value);

/** Columns 0 and 1 exchanged. */
const swapped = (array: Float32Array | undefined, columns: number) =>
  array?.map((_, i) => {
    const column = i % columns;
    return array[i - column + (column < 2 ? 1 - column : column)] as number;
  });

const relabelled = ({ values, labels }: LabelledSamples): LabelledSamples => ({
  values,
  labels: labels.map((label, i) => (label + 1 + (i % (classCount - 1))) % classCount),
});

const mirrored = ({ values, labels }: LabelledSamples): LabelledSamples => ({
  values: augmentedCopies(values, [side, side, 1], 'mirrored'),
  labels,
});
