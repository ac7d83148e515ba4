import { describe, expect, it } from 'vitest';
import { augmentedCopies } from '../images/augmented-copies.ts';
import { Random } from '../random.ts';
import { calibrationChange, calibrationError } from './calibration.ts';
import { bootstrapAuc, classMatchedAuc } from './class-matched-auc.ts';
import { classMatchedDifference } from './class-matched-difference.ts';
import { churn, meanKl } from './divergence.ts';
import { forgettingReversal, knowledgeErosion } from './over-rounds.ts';
import { placementShift } from './placement-shift.ts';
import { placements } from './placements.ts';
import { relearnTime } from './relearn-time.ts';
import { membershipScores } from './scores.ts';
import { streisandEstimate } from './streisand-share.ts';
import { tugOfWar } from './tug-of-war.ts';
import { scaledConfidence, uLiraAccuracy } from './u-lira.ts';

describe('membership scores', () => {
  it('are the published formulas', () => {
    // z = (2, 1, −1), y = 1; numpy: log p_y, max p, Σ p log p,
    // (1 − p_y) log p_y + Σ_{i≠y} p_i log(1 − p_i) (Song and Mittal, equation 8)
    const scores = membershipScores(Float32Array.of(2, 1, -1), Int32Array.of(1), 3);
    expect(scores.loss[0]).toBeCloseTo(-1.3490122167681866, 12);
    expect(scores.confidence[0]).toBeCloseTo(0.7053845126982412, 12);
    expect(scores.entropy[0]).toBeCloseTo(-0.7138657579886246, 12);
    expect(scores.modified_entropy[0]).toBeCloseTo(-1.8622431172903997, 12);
    expect(scores.margin[0]).toBe(-1);
  });

  it('stay finite for very sure networks, right or wrong', () => {
    const scores = membershipScores(Float32Array.of(500, 0, 500, 0), Int32Array.of(0, 1), 2);
    for (const values of Object.values(scores)) expect(values.every(Number.isFinite)).toBe(true);
    expect(scores.modified_entropy[0]).toBeCloseTo(0, 12);
    expect(scores.modified_entropy[1]).toBeLessThan(-100);
  });
});

describe('class-matched AUC', () => {
  // numpy: V10 = mean((x > m) + ½ (x = m)) per x, V01 per m.
  const forget = { scores: [0.9, 0.8, 0.35, 0.6], labels: [0, 0, 0, 0] };
  const heldOut = { scores: [0.1, 0.4, 0.7, 0.5, 0.65], labels: [0, 0, 0, 0, 0] };

  it('has DeLong’s placements and interval', () => {
    const { ofForget, classes } = placements(forget, heldOut);
    expect([...ofForget]).toEqual([1, 1, 0.2, 0.6]);
    expect(classes[0]?.heldOutVariance).toBeCloseTo(0.04375, 12);
    const auc = classMatchedAuc(forget, heldOut);
    expect(auc.value).toBeCloseTo(0.7, 12);
    // √(0.14666…/4 + 0.04375/5) = 0.2131118642090737; 1.96 of it reach over 1.
    expect(auc.interval(0.5).low).toBeCloseTo(0.7 - 0.6744897501960817 * 0.2131118642090737, 9);
    expect(auc.interval(0.95).high).toBe(1);
  });

  it('claims no certainty when a few samples all stand on one side', () => {
    const sure = classMatchedAuc({ scores: [1, 2], labels: [0, 0] }, heldOut);
    expect(sure.value).toBe(1);
    // Variance at least 1/12 over two samples: 1.96 · √(1/24) = 0.4.
    expect(sure.interval(0.95).low).toBeCloseTo(1 - 1.959963984540054 * Math.sqrt(1 / 24), 9);
  });

  it('claims no certainty where one unseen sample stands for a class', () => {
    const many = { scores: Array.from({ length: 100 }, (_, i) => i), labels: new Uint8Array(100) };
    const beside = (scores: number[]) =>
      classMatchedAuc(many, { scores, labels: scores.map(() => 0) }).interval(0.95);
    // Of the forgotten ones (51 · 49 · 0.01)/99 of a variance, above 1/12; and 1/12 of the other.
    const half = 1.959963984540054 * Math.sqrt((0.51 * 0.49) / 99 + 1 / 12);
    expect(beside([48.5]).low).toBeCloseTo(Math.max(0, 0.51 - half), 9);
    expect(beside([48.5]).high).toBe(1);
  });

  it('knows nothing where no class is held out', () => {
    expect(classMatchedAuc({ scores: [1], labels: [3] }, heldOut).value).toBeNaN();
  });

  it('covers ½ in 95 of 100 draws when nothing can be told apart', () => {
    const random = new Random(5);
    const draw = (count: number) => ({
      scores: Array.from({ length: count }, () => random.normal()),
      labels: Array.from({ length: count }, (_, i) => i % 5),
    });
    let covered = 0;
    const trials = 600;
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = classMatchedAuc(draw(40), draw(300)).interval(0.95);
      if (low <= 0.5 && high >= 0.5) covered += 1;
    }
    // Standard error of the share: 0.9 %; the variance's floor makes it a little conservative.
    expect(covered / trials).toBeGreaterThan(0.93);
    expect(covered / trials).toBeLessThan(0.99);
  });

  it('agrees with the bootstrap', () => {
    const random = new Random(9);
    const draw = (count: number, shift: number) => ({
      scores: Array.from({ length: count }, () => random.normal() + shift),
      labels: Array.from({ length: count }, (_, i) => i % 2),
    });
    const [members, others] = [draw(60, 0.5), draw(200, 0)];
    const byDeLong = classMatchedAuc(members, others).interval(0.95);
    const byBootstrap = bootstrapAuc(members, others, {
      resamples: 400,
      seed: 1,
      confidence: 0.95,
    });
    expect(Math.abs(byDeLong.low - byBootstrap.low)).toBeLessThan(0.03);
    expect(Math.abs(byDeLong.high - byBootstrap.high)).toBeLessThan(0.03);
  });
});

describe('placement shift', () => {
  it('is the mean movement among unseen samples', () => {
    const shift = placementShift(
      Float64Array.of(0.9, 0.7, Number.NaN),
      Float64Array.of(0.5, 0.5, 1),
      1,
    );
    expect(shift.value).toBeCloseTo(0.3, 12);
  });

  it('with factor ½ is above 0 when more than half of the signal is left', () => {
    const before = Float64Array.of(0.9, 0.9);
    expect(placementShift(Float64Array.of(0.8, 0.8), before, 0.5).value).toBeCloseTo(0.1, 12);
    expect(placementShift(Float64Array.of(0.6, 0.6), before, 0.5).value).toBeCloseTo(-0.1, 12);
  });
});

describe('class-matched difference', () => {
  it('is forget accuracy less held-out accuracy at the forget set’s class mix', () => {
    // Forget 3/4; unseen: class 0 1/2, class 1 1/1 → (3·½ + 1)/4 = 0.625.
    const difference = classMatchedDifference(
      { labels: [0, 0, 0, 1], right: [1, 1, 0, 1] },
      { labels: [0, 0, 1], right: [1, 0, 1] },
    );
    expect(difference.value).toBeCloseTo(0.125, 12);
    const { low, high } = difference.interval(0.95);
    expect(low).toBeLessThan(-0.4);
    expect(high).toBeGreaterThan(0.5);
  });

  it('tells 64 of 64 from nine in ten', () => {
    const heldOut = {
      labels: Array.from({ length: 1000 }, () => 0),
      right: Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 0 : 1)),
    };
    const ones = Array.from({ length: 64 }, () => 1);
    const { low } = classMatchedDifference(
      { labels: ones.map(() => 0), right: ones },
      heldOut,
    ).interval(0.95);
    // Clopper and Pearson 64/64: low 0.9440; Wilson 900/1000: high 0.9171.
    expect(low).toBeCloseTo(0.1 - Math.hypot(1 - 0.943994, 0.917064 - 0.9), 4);
  });
});

it('the Streisand share comes with its exact interval', () => {
  const heldOut = Array.from({ length: 100 }, (_, i) => i + 1);
  const share = streisandEstimate(
    Array.from({ length: 32 }, () => 1),
    heldOut,
  );
  expect(share.value).toBe(0);
  expect(share.interval(0.95).high).toBeCloseTo(0.108881, 6);
});

describe('distance from another model', () => {
  it('KL in nats', () => {
    // numpy: Σ p log(p/q), p = softmax(2, 1, −1), q = softmax(0, 1, 1)
    const kl = meanKl(Float32Array.of(2, 1, -1), Float32Array.of(0, 1, 1), 3);
    expect(kl.value).toBeCloseTo(0.8535135587678677, 12);
    expect(meanKl(Float32Array.of(1, 2), Float32Array.of(1, 2), 2).value).toBe(0);
  });

  it('churn counts predictions that changed', () => {
    expect(churn(Int32Array.of(0, 1, 2, 2), Int32Array.of(0, 1, 1, 2)).value).toBe(0.25);
    expect(churn(new Int32Array(0), new Int32Array(0)).value).toBeNaN();
  });
});

describe('calibration', () => {
  it('is the gap between sureness and rightness, bin by bin', () => {
    // Bin of 0.9: two samples, one right: |½ − 0.9| · 2/4. Bin of 0.6: both right: |1 − 0.6| · 2/4.
    const calls = { confidence: [0.9, 0.9, 0.6, 0.6], right: [1, 0, 1, 1] };
    expect(calibrationError(calls)).toBeCloseTo(0.4, 12);
  });

  it('does not change between equal models', () => {
    const calls = { confidence: [0.9, 0.2, 0.6], right: [1, 0, 1] };
    const change = calibrationChange(calls, calls, { resamples: 20, seed: 0 });
    expect(change.interval(0.95)).toEqual({ low: 0, high: 0 });
  });
});

describe('augmented copies', () => {
  // 2 × 2, one channel: 1 2 / 3 4
  const image = Float32Array.of(1, 2, 3, 4);
  it('mirror left and right', () => {
    expect([...augmentedCopies(image, [2, 2, 1], 'mirrored')]).toEqual([2, 1, 4, 3]);
    expect([...augmentedCopies(Float32Array.of(1, 2, 3, 4), [1, 2, 2], 'mirrored')]).toEqual([
      3, 4, 1, 2,
    ]);
  });
  it('shift down and right, the edge repeated', () => {
    expect([...augmentedCopies(image, [2, 2, 1], 'shifted')]).toEqual([1, 1, 1, 1]);
  });
});

describe('measures against retraining', () => {
  it('ToW by hand', () => {
    // (1 − 0.1)(1 − 0)(1 − 0.02)
    const [mine, theirs] = [
      { forget: 0.8, retain: 0.99, test: 0.9 },
      { forget: 0.9, retain: 0.99, test: 0.92 },
    ];
    expect(tugOfWar(mine, theirs)).toBeCloseTo(0.9 * 0.98, 12);
    expect(tugOfWar(mine, mine)).toBe(1);
  });

  it('U-LiRA is chance where the two kinds of models are alike, and sure where they are apart', () => {
    const random = new Random(3);
    const models = (mean: number) =>
      Array.from({ length: 8 }, () => Array.from({ length: 100 }, () => mean + random.normal()));
    expect(uLiraAccuracy(models(10), models(0))).toBe(1);
    expect(Math.abs(uLiraAccuracy(models(0), models(0)) - 0.5)).toBeLessThan(0.05);
    expect(uLiraAccuracy(models(0).slice(1, 2), models(0))).toBeNaN();
  });

  it('U-LiRA by hand: two models a kind, one sample', () => {
    // unlearned 0, 3; retrained 4, 8. Model 0: own mean 3, other 8: right. 3: own 0, other 4: wrong.
    // 4: own 8, other 3: wrong. 8: own 4, other 0: right.
    expect(uLiraAccuracy([[0], [3]], [[4], [8]])).toBe(2 / 4);
  });

  it('U-LiRA is chance of few models that are alike', () => {
    const random = new Random(4);
    const models = () =>
      Array.from({ length: 3 }, () => Float64Array.from({ length: 20_000 }, () => random.normal()));
    // Deviation 0.0014, more where guesses hang together; means of 2 and 3 models give 0.48.
    expect(Math.abs(uLiraAccuracy(models(), models()) - 0.5)).toBeLessThan(0.006);
  });

  it('scales a confidence by its log-odds', () => {
    expect(scaledConfidence(Math.log(0.9))).toBeCloseTo(Math.log(9), 12);
    expect(Number.isFinite(scaledConfidence(0))).toBe(true);
  });
});

describe('over rounds', () => {
  const rounds = [
    { test: 0.9, forgetSets: [0.1] },
    { test: 0.88, forgetSets: [0.3, 0] },
    { test: 0.89, forgetSets: [0.05, 0.4, 0] },
  ];
  it('erosion is test accuracy lost', () => {
    expect(knowledgeErosion(0.91, rounds).map((x) => Math.round(100 * x))).toEqual([1, 3, 2]);
  });
  it('reversal is what earlier sets rose by, falls not counted against it', () => {
    const [first, second, third] = forgettingReversal(rounds);
    expect(first).toBe(0);
    expect(second).toBeCloseTo(0.2, 12);
    expect(third).toBeCloseTo((0 + 0.4) / 2, 12);
  });
});

describe('relearn time', () => {
  const learner = (accuracies: number[]) => ({
    step: async () => void accuracies.shift(),
    accuracy: async () => accuracies[0] ?? Number.NaN,
  });
  it('counts the steps until the samples are known', async () => {
    expect(await relearnTime(learner([0.1, 0.5, 0.9]), 0.9, 10)).toBe(2);
    expect(await relearnTime(learner([1]), 0.9, 10)).toBe(0);
  });
  it('gives up at the limit', async () => {
    expect(await relearnTime(learner([0, 0, 0, 0]), 0.9, 2)).toBeUndefined();
  });
});
