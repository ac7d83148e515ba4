import { exactEstimate } from '@lethe/unlearning/measures';
import type { Evidence } from '../evidence/evidence.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy } from '../policy/policy.ts';
import { type Finding, failed, inconclusive, missing, passed, ruleOf } from './finding.ts';

/** Is this the candidate, made from what serves, with weights that are numbers? */
export function integrityFindings(evidence: Evidence, policy: Policy): readonly Finding[] {
  return [
    baselineCheck(evidence),
    ...weightsFindings(evidence, policy),
    ...hygieneChecks(evidence),
  ];
}

/** A candidate counts only against the model it was made from, and only while that one serves. */
function baselineCheck({ parent, served }: Evidence): Finding {
  const name = 'baseline.parent_is_served';
  const same = parent.sequence === served.sequence && parent.weightsDigest === served.weightsDigest;
  return same
    ? passed(name, `The round started from version ${served.sequence}, which serves.`)
    : failed(
        name,
        'stale_baseline',
        `The round started from version ${parent.sequence}, but version ${served.sequence} serves.`,
      );
}

function weightsFindings(evidence: Evidence, policy: Policy): readonly Finding[] {
  const { weights, mode, alreadyForgotten } = evidence;
  if (weights.kind === 'missing') {
    return [failed('weights.digest', weights.reason, weights.explanation)];
  }
  const { statedDigest, actualDigest, nonFinite, ...distances } = weights.value;
  const digest =
    statedDigest === actualDigest
      ? passed('weights.digest', 'The weights are the bytes that the manifest names.')
      : failed(
          'weights.digest',
          'digest_mismatch',
          'The weights are not the bytes that the manifest names.',
        );
  if (nonFinite !== undefined) {
    const sentence = `Not every weight is finite: ${nonFinite}.`;
    return [digest, failed('weights.finite', 'non_finite', sentence)];
  }
  const measured = (metric: MetricName, value: number, what: string): readonly Finding[] => {
    const rule = ruleOf(policy, mode, metric);
    if (rule === undefined) return [];
    const estimate = exactEstimate(value);
    return [{ kind: 'measured', name: metric, metric, rule, estimate, sampleCount: 1, what }];
  };
  return [
    digest,
    passed('weights.finite', 'Every weight is a finite number.'),
    ...measured(
      'weights.distance.vs_served',
      distances.distanceFromServed,
      'Distance of the weights from the served ones',
    ),
    ...measured(
      'weights.distance.vs_original',
      distances.distanceFromOriginal,
      'Distance of the weights from the original ones',
    ),
    ...(alreadyForgotten
      ? [nothingChanged(distances.changedShare)]
      : measured('weights.changed', distances.changedShare, 'Share of the weights that changed')),
  ];
}

/** A round that found its goal met must not have touched a weight; whether it was met, others check. */
function nothingChanged(changedShare: number): Finding {
  const name = 'weights.changed';
  if (changedShare === 0) {
    return passed(name, 'The round found its samples forgotten before, and changed no weight.');
  }
  const sentence = 'The round says that its samples were forgotten before, but weights changed.';
  return failed(name, 'changed_after_all', sentence, { value: changedShare });
}

function hygieneChecks({ hygiene }: Evidence): readonly Finding[] {
  const name = 'evaluation_sets.disjoint';
  if (hygiene.kind === 'missing') return [missing(name, hygiene)];
  const { sharedWithStop, trainedOn, excludedOnRequest, left } = hygiene.value;
  const reasons = [
    ...(trainedOn === 0 ? [] : [`${trainedOn} were left out because they are trained on`]),
    ...(excludedOnRequest === 0
      ? []
      : [
          `${excludedOnRequest} were left out because their deletion was asked for, ${left} remain`,
        ]),
  ];
  const removed = reasons.length === 0 ? 'none had to be left out' : reasons.join('; ');
  return [
    sharedWithStop === 0
      ? passed(name, `No gate sample steers a round; ${removed}.`)
      : inconclusive(
          name,
          'sets_overlap',
          `${sharedWithStop} gate samples are in a stop set too, so they may have steered the round.`,
          { value: sharedWithStop },
        ),
  ];
}
