import type { ModeName } from '@lethe/contracts';
import { aucEstimate, type Estimate, placementShift } from '@lethe/unlearning/measures';
import type { Evidence, ForgetEvidence } from '../evidence/evidence.ts';
import type { ScoreBook } from '../evidence/score-book.ts';
import type { MetricName } from '../policy/metrics.ts';
import type { Policy, Rule } from '../policy/policy.ts';
import { type Finding, failed, missing } from './finding.ts';
import { shareGiven } from './forget-checks.ts';
import { ForgetView } from './forget-view.ts';
import { countOf, grouped } from './pool.ts';

/** Does what earlier rounds forgot stay forgotten? Each set is judged by the mode of its own round. */
export function reversalFindings(
  evidence: Evidence,
  policy: Policy,
  book: ScoreBook,
): readonly Finding[] {
  const { earlier, heldOut, forget, classNames } = evidence;
  if (earlier.kind === 'missing') return [missing('reversal', earlier)];
  if (heldOut.kind === 'missing' || forget.kind === 'missing') return [];
  const view = new ForgetView(heldOut.value, classNames.length, book);
  const broken = earlier.value.filter((set) => view.predictions(set).some((each) => each < 0));
  if (broken.length > 0) {
    const sentence = `Outputs for what rounds ${sequencesOf(broken).join(', ')} forgot are not finite.`;
    return [failed('reversal', 'non_finite', sentence)];
  }
  const ofMode = (mode: ModeName) => earlier.value.filter((set) => set.mode === mode);
  return [
    ...untrainReversal(view, ofMode('untrain'), policy),
    ...shareReversal('misclassify', 'reversal.recognised', view, ofMode('misclassify'), policy),
    ...shareReversal('relabel', 'reversal.given_target', view, ofMode('relabel'), policy),
  ];
}

function untrainReversal(
  view: ForgetView,
  sets: readonly ForgetEvidence[],
  policy: Policy,
): readonly Finding[] {
  if (sets.length === 0) return [];
  const level = policy.modes.untrain['reversal.level'];
  /** Where a group stands now, against where it stood under an older model. */
  const against = (
    metric: 'reversal.rise' | 'reversal.left',
    older: 'served' | 'original',
    factor: number,
    what: string,
  ): readonly Finding[] => {
    const rule = policy.modes.untrain[metric];
    if (rule === undefined) return [];
    return groupsOf(sets, rule).map((group) => {
      const estimate = placementShift(
        view.placements(group, 'loss', 'candidate').ofForget,
        view.placements(group, 'loss', older).ofForget,
        factor,
      );
      return found(metric, rule, group, estimate, what);
    });
  };
  const rises = [
    ...against('reversal.rise', 'served', 1, 'Rise since the served model of what'),
    ...against(
      'reversal.left',
      'original',
      0.5,
      'Membership signal less half of the original’s of what',
    ),
  ];
  if (level === undefined) return rises;
  const estimate = aucEstimate(view.placements(sets, 'loss', 'candidate'));
  return [
    ...rises,
    {
      kind: 'measured',
      name: 'reversal.level',
      metric: 'reversal.level',
      rule: level,
      estimate,
      sampleCount: countOf(sets),
      what: 'Membership AUC over all earlier forget sets still held',
      pooled: sequencesOf(sets),
    },
  ];
}

function shareReversal(
  mode: 'misclassify' | 'relabel',
  metric: 'reversal.recognised' | 'reversal.given_target',
  view: ForgetView,
  sets: readonly ForgetEvidence[],
  policy: Policy,
): readonly Finding[] {
  const rule = policy.modes[mode][metric];
  const wanted = (set: ForgetEvidence) =>
    mode === 'misclassify' ? set.labels : (set.targets ?? set.labels.map(() => -1));
  return groupsOf(sets, rule).map((group) =>
    found(
      metric,
      rule as Rule,
      group,
      shareGiven(view, group, wanted),
      'Share given its label of what',
    ),
  );
}

/** Sets of a few samples are joined: many tests of little power tell less than fewer of more. */
function groupsOf(
  sets: readonly ForgetEvidence[],
  rule: Rule | undefined,
): readonly (readonly ForgetEvidence[])[] {
  if (rule === undefined) return [];
  return grouped(sets, Math.max(rule.minSamples, Math.ceil(countOf(sets) / mostGroups)));
}

const mostGroups = 16;

function found(
  metric: MetricName,
  rule: Rule,
  group: readonly ForgetEvidence[],
  estimate: Estimate,
  what: string,
): Finding {
  const sequences = sequencesOf(group);
  const rounds = sequences.length === 1 ? `${sequences[0]}` : `${sequences[0]}-${sequences.at(-1)}`;
  return {
    kind: 'measured',
    name: `${metric}.${rounds}`,
    metric,
    rule,
    estimate,
    sampleCount: countOf(group),
    what: `${what} ${sequences.length === 1 ? 'round' : 'rounds'} ${rounds} forgot`,
    pooled: sequences,
  };
}

function sequencesOf(sets: readonly ForgetEvidence[]): number[] {
  return sets.map(({ sequence }) => sequence);
}
