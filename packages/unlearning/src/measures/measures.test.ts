import { describe, expect, it } from 'vitest';
import { accuracy } from './accuracy.ts';
import { classMatchedAccuracy } from './class-matched-accuracy.ts';
import { losses } from './losses.ts';
import { membershipAuc } from './membership-auc.ts';
import { streisandShare } from './streisand-share.ts';

const f32 = (...values: number[]) => Float32Array.of(...values);
const i32 = (...values: number[]) => Int32Array.of(...values);

describe('accuracy', () => {
  it('counts samples whose label leads; a tie is not a lead', () => {
    // [1, 0] → 0, [0, 2] → 1, [3, 3] → neither.
    expect(accuracy(f32(1, 0, 0, 2, 3, 3), i32(0, 0, 1), 2)).toBeCloseTo(1 / 3);
    expect(accuracy(f32(1, 0, 0, 2), i32(0, 1), 2)).toBe(1);
  });
});

describe('class-matched accuracy', () => {
  it('weighs each class by its share of the forget set', () => {
    // Held-out: class 0 right 1 of 2, class 1 right 1 of 1. Forget set: three of 0, one of 1.
    const logits = f32(1, 0, 0, 1, 0, 1);
    // (3 · ½ + 1 · 1) / 4 = 0.625
    expect(classMatchedAccuracy(logits, i32(0, 0, 1), i32(0, 0, 0, 1), 2)).toBe(0.625);
  });

  it('leaves out classes that nothing is held out of', () => {
    expect(classMatchedAccuracy(f32(1, 0, 0), i32(0), i32(0, 2), 3)).toBe(1);
    expect(classMatchedAccuracy(f32(1, 0), i32(0), i32(1), 2)).toBeNaN();
  });
});

describe('losses', () => {
  it('are −log softmax of the label, even for large logits', () => {
    const [even, sure, wrong] = losses(f32(0, 0, 1000, 0, 1000, 0), i32(0, 0, 1), 2);
    expect(even).toBeCloseTo(Math.log(2), 12);
    expect(sure).toBe(0);
    expect(wrong).toBe(1000);
  });
});

describe('membership AUC', () => {
  it('is the share of pairs in which the forgotten one has the smaller loss, ties half', () => {
    // 0.2 against 0.1, 0.2, 0.3: 1 greater, 1 equal → 1.5/3. 0 against them: 3/3. Mean 0.75.
    const forget = { losses: [0.2, 0], labels: [0, 0] };
    const heldOut = { losses: [0.1, 0.2, 0.3], labels: [0, 0, 0] };
    expect(membershipAuc(forget, heldOut)).toBeCloseTo(0.75, 12);
  });

  it('compares within a class only', () => {
    // Class 0 is easy, class 1 hard: unmatched, forgetting class 0 would look like membership.
    const heldOut = { losses: [0.1, 0.3, 5, 7], labels: [0, 0, 1, 1] };
    expect(membershipAuc({ losses: [0.2, 6], labels: [0, 1] }, heldOut)).toBe(0.5);
    expect(membershipAuc({ losses: [0.2, 6], labels: [2, 0] }, heldOut)).toBe(0);
  });
});

describe('Streisand share', () => {
  it('is the share of forget losses above the 99th percentile of held-out ones', () => {
    const heldOut = Array.from({ length: 100 }, (_, i) => i + 1);
    // The 99th of 100 is 99: 99 itself is not above, 100 is.
    expect(streisandShare([5, 99, 100, 200], heldOut)).toBe(0.5);
    expect(streisandShare(heldOut, heldOut)).toBe(0.01);
  });

  it('is not a number without anything to compare with', () => {
    expect(streisandShare([1], [])).toBeNaN();
  });
});
