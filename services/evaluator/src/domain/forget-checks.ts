import type { Check } from '@lethe/contracts';
import { binomialAtLeast, binomialAtMost } from '@lethe/unlearning/measures';
import { accuracyOver } from './accuracy-checks.ts';
import { failed, inconclusive, missingCheck, passed, percent } from './check.ts';
import type { Evidence, ForgetEvidence, Found, HeldOutEvidence } from './evidence.ts';
import type { MisclassifyBounds, Policy, RelabelBounds, UntrainBounds } from './policy.ts';

const name = 'forget_accuracy';

/** Does the candidate treat the forgotten samples as its mode wants? */
export function forgetChecks(evidence: Evidence, policy: Policy): readonly Check[] {
  const { forget, mode, heldOut } = evidence;
  if (forget.kind === 'missing') return [missingCheck(name, forget)];
  const { modes } = policy;
  const { minSamples } = modes[mode].forgetAccuracy;
  const sampleCount = forget.value.labels.length;
  if (sampleCount < minSamples) {
    return [
      inconclusive(
        name,
        'too_few_samples',
        `${sampleCount} samples were to be forgotten, but ${minSamples} are needed to decide.`,
        { sampleCount, threshold: minSamples },
      ),
    ];
  }
  const finite = finiteCheck(forget.value);
  switch (mode) {
    case 'untrain':
      return [finite, untrainCheck(forget.value, heldOut, modes.untrain.forgetAccuracy)];
    case 'misclassify':
      return [finite, misclassifyCheck(forget.value, modes.misclassify.forgetAccuracy)];
    case 'relabel':
      return [finite, relabelCheck(forget.value, modes.relabel.forgetAccuracy)];
    default:
      return mode satisfies never;
  }
}

function finiteCheck({ candidate }: ForgetEvidence): Check {
  const broken = candidate.filter((prediction) => prediction < 0).length;
  const figures = { value: broken, sampleCount: candidate.length };
  return broken === 0
    ? passed('forget_outputs.finite', 'Every output for a forgotten sample is finite.', figures)
    : failed(
        'forget_outputs.finite',
        'non_finite',
        `${broken} outputs for forgotten samples are not finite.`,
        figures,
      );
}

function misclassifyCheck(forget: ForgetEvidence, bounds: MisclassifyBounds): Check {
  const share = shareGiven(forget, forget.labels);
  const figures = {
    value: share,
    threshold: bounds.maxRecognised,
    sampleCount: forget.labels.length,
  };
  const told = `${percent(share)} of the forgotten samples are still given their label`;
  return share <= bounds.maxRecognised
    ? passed(name, `${told}.`, figures)
    : failed(
        name,
        'still_recognised',
        `${told}; at most ${percent(bounds.maxRecognised)} may be.`,
        figures,
      );
}

function relabelCheck(forget: ForgetEvidence, bounds: RelabelBounds): Check {
  if (forget.targets === undefined) {
    return inconclusive(name, 'no_target', 'The round does not say which label was to be given.');
  }
  const share = shareGiven(forget, forget.targets);
  const figures = {
    value: share,
    threshold: bounds.minGivenTarget,
    sampleCount: forget.labels.length,
  };
  const told = `${percent(share)} of the corrected samples are given the stated label`;
  return share >= bounds.minGivenTarget
    ? passed(name, `${told}.`, figures)
    : failed(
        name,
        'target_not_given',
        `${told}; at least ${percent(bounds.minGivenTarget)} must be.`,
        figures,
      );
}

/**
 * Untrained samples should be right as often as unseen ones of their classes are. Two exact
 * one-sided binomial tests, each at (1 − confidence) / 2, against that share plus and minus
 * the tolerance: fails only where chance is no explanation.
 */
function untrainCheck(
  forget: ForgetEvidence,
  heldOut: Found<HeldOutEvidence>,
  bounds: UntrainBounds,
): Check {
  if (heldOut.kind === 'missing') return missingCheck(name, heldOut);
  const expected = classMatchedAccuracy(forget.labels, heldOut.value, bounds.minHeldOutPerClass);
  if (expected.kind === 'missing') return missingCheck(name, expected);
  const sampleCount = forget.labels.length;
  const share = shareGiven(forget, forget.labels);
  const right = Math.round(share * sampleCount);
  const alpha = (1 - bounds.confidence) / 2;
  const upper = Math.min(1, expected.value + bounds.tolerance);
  const lower = Math.max(0, expected.value - bounds.tolerance);
  const figures = { value: share, threshold: expected.value, sampleCount };
  const told =
    `${percent(share)} of the forgotten samples are given their label; ` +
    `of unseen samples of the same classes ${percent(expected.value)} are`;
  if (share > upper && binomialAtLeast(right, sampleCount, upper) < alpha) {
    return failed(name, 'still_remembered', `${told}: more than chance explains.`, figures);
  }
  if (share < lower && binomialAtMost(right, sampleCount, lower) < alpha) {
    return failed(name, 'over_forgotten', `${told}: fewer than chance explains.`, figures);
  }
  return passed(name, `${told}.`, figures);
}

/** The candidate's held-out accuracy, each class weighted as in the forget set. */
function classMatchedAccuracy(
  forgetLabels: Int32Array,
  heldOut: HeldOutEvidence,
  minPerClass: number,
): Found<number> {
  let expectedRight = 0;
  for (const label of new Set(forgetLabels)) {
    const rows: number[] = [];
    for (const [row, heldOutLabel] of heldOut.labels.entries()) {
      if (heldOutLabel === label) rows.push(row);
    }
    if (rows.length < minPerClass) {
      return {
        kind: 'missing',
        reason: 'too_few_held_out',
        explanation: `${rows.length} held-out samples of class ${label}, but ${minPerClass} are needed to compare with.`,
      };
    }
    const weight = forgetLabels.reduce((sum, other) => sum + (other === label ? 1 : 0), 0);
    expectedRight += weight * accuracyOver(rows, heldOut.labels, heldOut.candidate);
  }
  return { kind: 'found', value: expectedRight / forgetLabels.length };
}

/** Share of the forget set that the candidate gives `wanted`. */
function shareGiven({ candidate }: ForgetEvidence, wanted: Int32Array): number {
  const given = candidate.reduce(
    (sum, prediction, index) => sum + (prediction === wanted[index] ? 1 : 0),
    0,
  );
  return given / candidate.length;
}
