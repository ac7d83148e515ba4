import { type Accuracies, tugOfWar, uLiraAccuracy } from '@lethe/unlearning/measures';
import type { AuditMember } from './audit-job.ts';

/** What an audit has to show for the gate to have been right. */
export interface AuditBounds {
  readonly leastTugOfWar: number;
  /** 0.5 is chance. */
  readonly mostULira: number;
}

export interface AuditFigures {
  readonly members: number;
  readonly served: Accuracies;
  /** Mean over the ensemble. */
  readonly retrained: Accuracies;
  /** Served less retrained. */
  readonly gap: Accuracies;
  readonly tugOfWar: number;
  readonly uLira: number;
  /** Every promoted round had a passing verdict: does the audit say the same? */
  readonly gate: 'agrees' | 'disagrees';
  readonly explanation: string;
}

/** @param members at least two: U-LiRA leaves one out in turn */
export function auditFigures(
  members: readonly AuditMember[],
  { leastTugOfWar, mostULira }: AuditBounds,
): AuditFigures {
  const [first] = members;
  if (first === undefined || members.length < 2) throw new RangeError('two members are needed');
  const { served } = first;
  const mean = (set: keyof Accuracies) =>
    members.reduce((sum, { retrained }) => sum + retrained[set], 0) / members.length;
  const retrained = { forget: mean('forget'), retain: mean('retain'), test: mean('test') };
  const tow = tugOfWar(served, retrained);
  const uLira = uLiraAccuracy(
    members.map(({ unlearnedConfidences }) => unlearnedConfidences),
    members.map(({ retrainedConfidences }) => retrainedConfidences),
  );
  const complaints = [
    ...(tow < leastTugOfWar
      ? [`ToW is ${tow.toFixed(3)}, at least ${leastTugOfWar} was asked`]
      : []),
    ...(uLira > mostULira
      ? [`U-LiRA tells unlearned from retrained in ${(100 * uLira).toFixed(1)} % of guesses`]
      : []),
  ];
  return {
    members: members.length,
    served,
    retrained,
    gap: {
      forget: served.forget - retrained.forget,
      retain: served.retain - retrained.retain,
      test: served.test - retrained.test,
    },
    tugOfWar: tow,
    uLira,
    gate: complaints.length === 0 ? 'agrees' : 'disagrees',
    explanation:
      complaints.length === 0
        ? 'The audit finds what the gate found: nothing that retraining would not show.'
        : `The gate passed what the audit does not: ${complaints.join('; ')}.`,
  };
}
