import { Outcome } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import type { Evidence, ForgetEvidence, HeldOutEvidence } from './evidence.ts';
import { judge } from './judge.ts';
import { defaultPolicy, type ModeName, type Policy } from './policy.ts';

const classCount = 4;

/** Small, seeded, good enough for test data (Marsaglia's xorshift32). */
function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function labelsOf(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, index) => index % classCount);
}

/** Predictions that are wrong on every `nth` sample. */
function wrongEvery(labels: Int32Array, nth: number): Int32Array {
  return labels.map((label, index) => (index % nth === nth - 1 ? (label + 1) % classCount : label));
}

/** A candidate that deserves to pass: nothing lost, forget set treated as `mode` wants. */
function goodEvidence(mode: ModeName, forgetSize = 64): Evidence {
  const labels = labelsOf(400);
  const predictions = wrongEvery(labels, 10);
  const forgetLabels = labelsOf(forgetSize);
  const forget: Record<ModeName, ForgetEvidence> = {
    untrain: { labels: forgetLabels, candidate: wrongEvery(forgetLabels, 10) },
    misclassify: {
      labels: forgetLabels,
      candidate: forgetLabels.map((label) => (label + 1) % classCount),
    },
    relabel: {
      labels: forgetLabels,
      candidate: forgetLabels.map(() => 2),
      targets: forgetLabels.map(() => 2),
    },
  };
  return {
    mode,
    classNames: ['a', 'b', 'c', 'd'],
    forgottenClasses: new Set(),
    parent: { sequence: 3, weightsDigest: 'p' },
    served: { sequence: 3, weightsDigest: 'p' },
    weights: {
      kind: 'found',
      value: { statedDigest: 'w', actualDigest: 'w', nonFinite: undefined },
    },
    heldOut: {
      kind: 'found',
      value: { labels, candidate: predictions, served: predictions, original: predictions },
    },
    forget: { kind: 'found', value: forget[mode] },
  };
}

function withHeldOut(evidence: Evidence, change: Partial<HeldOutEvidence>): Evidence {
  if (evidence.heldOut.kind === 'missing') throw new Error('no held-out evidence to change');
  return {
    ...evidence,
    heldOut: { kind: 'found', value: { ...evidence.heldOut.value, ...change } },
  };
}

function withForget(evidence: Evidence, forget: ForgetEvidence): Evidence {
  return { ...evidence, forget: { kind: 'found', value: forget } };
}

/** Names and reasons of the checks that were not passed. */
function complaints(evidence: Evidence, policy: Policy = defaultPolicy): string[] {
  return judge(evidence, policy)
    .checks.filter((check) => check.outcome !== Outcome.OUTCOME_PASS)
    .map((check) => `${check.name}: ${check.reason}`);
}

describe.each(['untrain', 'misclassify', 'relabel'] as const)('in %s', (mode) => {
  test('a candidate that forgot and lost nothing passes every check', () => {
    const { outcome, checks } = judge(goodEvidence(mode), defaultPolicy);
    expect(complaints(goodEvidence(mode))).toEqual([]);
    expect(outcome).toBe(Outcome.OUTCOME_PASS);
    expect(checks.map((check) => check.name)).toContain('class_accuracy.3.vs_original');
  });

  test('a candidate that does nothing does not pass', () => {
    const labels = labelsOf(128);
    const remembered = { labels, candidate: labels, targets: labels.map(() => 2) };
    const reasons = complaints(withForget(goodEvidence(mode), remembered));
    const expected = {
      untrain: 'still_remembered',
      misclassify: 'still_recognised',
      relabel: 'target_not_given',
    };
    expect(reasons).toEqual([`forget_accuracy: ${expected[mode]}`]);
  });

  test('a wrecked candidate fails against both baselines', () => {
    const labels = labelsOf(400);
    const wrecked = withHeldOut(goodEvidence(mode), { candidate: wrongEvery(labels, 2) });
    const reasons = complaints(wrecked);
    expect(reasons).toContain('held_out_accuracy.vs_served: below_threshold');
    expect(reasons).toContain('held_out_accuracy.vs_original: below_threshold');
  });

  test('a slow drift is caught against the original model', () => {
    const labels = labelsOf(400);
    const drifted = wrongEvery(labels, 4);
    const reasons = complaints(
      withHeldOut(goodEvidence(mode), { candidate: drifted, served: drifted }),
    );
    expect(reasons).toContain('held_out_accuracy.vs_original: below_threshold');
    expect(reasons).not.toContain('held_out_accuracy.vs_served: below_threshold');
  });

  test('a candidate that is suddenly better is suspicious', () => {
    const labels = labelsOf(400);
    const reasons = complaints(withHeldOut(goodEvidence(mode), { candidate: labels }));
    expect(reasons).toContain('held_out_accuracy.vs_served: suspicious_gain');
  });

  test('one class given up fails even where the whole looks fine', () => {
    const labels = labelsOf(4000);
    const good = wrongEvery(labels, 10);
    let spoilt = 0;
    const candidate = good.map((prediction, index) => {
      const spoil = labels[index] === 1 && prediction === 1 && spoilt < 380;
      if (spoil) spoilt += 1;
      return spoil ? 0 : prediction;
    });
    const loose = structuredClone(defaultPolicy) as {
      modes: Record<ModeName, { heldOutAccuracy: object }>;
    };
    loose.modes[mode].heldOutAccuracy = {
      maxDropVsServed: 1,
      maxDropVsOriginal: 1,
      maxGain: 1,
      minSamples: 1,
    };
    const evidence = withHeldOut(goodEvidence(mode), {
      labels,
      candidate,
      served: good,
      original: good,
    });
    expect(complaints(evidence, loose as unknown as Policy)).toEqual(
      expect.arrayContaining([
        'class_accuracy.1.vs_served: below_threshold',
        'class_accuracy.1.vs_original: below_threshold',
      ]),
    );
  });

  test('weights that are not finite, or not the stated ones, fail', () => {
    const evidence = goodEvidence(mode);
    const weights = { statedDigest: 'w', actualDigest: 'x', nonFinite: 'dense/kernel[3] is NaN' };
    expect(complaints({ ...evidence, weights: { kind: 'found', value: weights } })).toEqual([
      'weights.digest: digest_mismatch',
      'weights.finite: non_finite',
    ]);
  });

  test('outputs that are not finite fail by name', () => {
    const labels = labelsOf(64);
    const broken = { labels, candidate: labels.map(() => -1), targets: labels };
    const reasons = complaints(withForget(goodEvidence(mode), broken));
    expect(reasons).toContain('forget_outputs.finite: non_finite');
  });

  test('a round made from a model that no longer serves fails', () => {
    const evidence = { ...goodEvidence(mode), served: { sequence: 4, weightsDigest: 'q' } };
    expect(complaints(evidence)).toEqual(['baseline.parent_is_served: stale_baseline']);
  });

  test('missing evidence is inconclusive and says what is missing', () => {
    const missing = {
      kind: 'missing',
      reason: 'no_gate_set',
      explanation: 'There is none.',
    } as const;
    const { outcome } = judge({ ...goodEvidence(mode), heldOut: missing }, defaultPolicy);
    expect(outcome).toBe(Outcome.OUTCOME_INCONCLUSIVE);
    expect(complaints({ ...goodEvidence(mode), heldOut: missing })).toContain(
      'held_out_accuracy: no_gate_set',
    );
    expect(complaints({ ...goodEvidence(mode), forget: missing })).toEqual([
      'forget_accuracy: no_gate_set',
    ]);
  });

  test('too few held-out samples are inconclusive', () => {
    const labels = labelsOf(20);
    const few = withHeldOut(goodEvidence(mode), {
      labels,
      candidate: labels,
      served: labels,
      original: labels,
    });
    expect(judge(few, defaultPolicy).outcome).toBe(Outcome.OUTCOME_INCONCLUSIVE);
    expect(complaints(few)).toContain('held_out_accuracy.vs_served: too_few_samples');
  });

  test('an empty forget set decides nothing', () => {
    const none = new Int32Array(0);
    const evidence = withForget(goodEvidence(mode), {
      labels: none,
      candidate: none,
      targets: none,
    });
    expect(complaints(evidence)).toEqual(['forget_accuracy: too_few_samples']);
  });
});

test('a check tells the accuracy and the bound that it was held against', () => {
  const labels = labelsOf(400);
  const worse = withHeldOut(goodEvidence('untrain'), { candidate: wrongEvery(labels, 5) });
  const { checks } = judge(worse, defaultPolicy);
  const overall = checks.find(({ name }) => name === 'held_out_accuracy.vs_served');
  expect(overall).toMatchObject({ reason: 'below_threshold', value: 0.8, sampleCount: 400 });
  expect(overall?.threshold).toBeCloseTo(0.9 - 0.02, 12);
  const better = judge(withHeldOut(goodEvidence('untrain'), { candidate: labels }), defaultPolicy);
  const gained = better.checks.find(({ name }) => name === 'held_out_accuracy.vs_original');
  expect(gained).toMatchObject({ reason: 'suspicious_gain', value: 1 });
  expect(gained?.threshold).toBeCloseTo(0.9 + 0.03, 12);
});

test('a loss of exactly the bound passes', () => {
  const labels = labelsOf(400);
  const candidate = wrongEvery(labels, 10).map((prediction, index) => (index < 8 ? 9 : prediction));
  expect(complaints(withHeldOut(goodEvidence('untrain'), { candidate }))).toEqual([]);
});

test('untrain fails a candidate that makes the forgotten samples stand out', () => {
  const labels = labelsOf(64);
  const evidence = withForget(goodEvidence('untrain'), {
    labels,
    candidate: wrongEvery(labels, 2),
  });
  expect(complaints(evidence)).toEqual(['forget_accuracy: over_forgotten']);
});

test('untrain compares with the classes of the forget set, not with all', () => {
  const labels = labelsOf(400);
  // Class 0 is right half of the time, the others always.
  const hard = labels.map((label, index) => (label === 0 && index % 8 === 0 ? 3 : label));
  const evidence = withHeldOut(goodEvidence('untrain'), {
    candidate: hard,
    served: hard,
    original: hard,
  });
  const ofClass0 = new Int32Array(100);
  const halfRight = ofClass0.map((_, index) => index % 2);
  expect(complaints(withForget(evidence, { labels: ofClass0, candidate: halfRight }))).toEqual([]);
  expect(complaints(withForget(evidence, { labels: ofClass0, candidate: ofClass0 }))).toEqual([
    'forget_accuracy: still_remembered',
  ]);
});

test('classes that were taken away whole are left out of the held-out checks', () => {
  const labels = labelsOf(400);
  const gone = labels.map((label) => (label === 2 ? 0 : label));
  const change = { candidate: gone, served: labels, original: labels };
  const without = {
    ...withHeldOut(goodEvidence('misclassify'), change),
    forgottenClasses: new Set([2]),
  };
  expect(complaints(without)).toEqual([]);
  expect(complaints({ ...without, forgottenClasses: new Set() })).toContain(
    'class_accuracy.2.vs_served: below_threshold',
  );
});

test('a truly retrained model passes untrain at about the stated confidence', () => {
  const random = randomOf(7);
  let passes = 0;
  const trials = 400;
  for (let trial = 0; trial < trials; trial++) {
    const labels = labelsOf(64);
    const candidate = labels.map((label) => (random() < 0.9 ? label : (label + 1) % classCount));
    if (complaints(withForget(goodEvidence('untrain'), { labels, candidate })).length === 0)
      passes++;
  }
  expect(passes / trials).toBeGreaterThan(0.95);
});

test('adding a fault never turns a verdict into a pass', () => {
  const random = randomOf(11);
  for (let trial = 0; trial < 300; trial++) {
    const mode = (['untrain', 'misclassify', 'relabel'] as const)[trial % 3] as ModeName;
    const labels = labelsOf(400);
    const rate = random();
    const candidate = labels.map((label) => (random() < rate ? (label + 1) % classCount : label));
    let evidence = withHeldOut(goodEvidence(mode), { candidate });
    const before = judge(evidence, defaultPolicy);
    evidence = { ...evidence, served: { sequence: 9, weightsDigest: 'other' } };
    const after = judge(evidence, defaultPolicy);
    expect(after.outcome).toBe(Outcome.OUTCOME_FAIL);
    expect(judge(evidence, defaultPolicy)).toEqual(after);
    expect(after.checks.length).toBe(before.checks.length);
  }
});
