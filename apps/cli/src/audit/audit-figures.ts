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
  readonly original: Accuracies;
  /** Means over the ensembles: trained on everything, … */
  readonly shadow: Accuracies;
  /** … and without what was forgotten. */
  readonly retrained: Accuracies;
  /** Served less retrained. */
  readonly gap: Accuracies;
  readonly tugOfWar: number;
  readonly uLira: number;
  /** The same for the shadows before they unlearned: what there was to find. */
  readonly uLiraBefore: number;
  /**
   * Share of the forgotten samples that a network treats rather as shadows do, which were trained
   * on them, than as retrained networks do: of the served one, and what it is for either kind.
   */
  readonly known: { readonly served: number; readonly retrained: number; readonly shadow: number };
  /** Every promoted round had a passing verdict: does the audit say the same? */
  readonly gate: 'agrees' | 'disagrees' | 'undecided';
  readonly explanation: string;
}

/** Shadows that differ from the original by more, on training or test samples, are no shadows of it. */
const mostShadowGap = 0.05;

/** @param members at least two: U-LiRA leaves one out in turn */
export function auditFigures(members: readonly AuditMember[], bounds: AuditBounds): AuditFigures {
  const [first] = members;
  if (first === undefined || members.length < 2) throw new RangeError('two members are needed');
  const { served, original, servedConfidences } = first;
  const shadow = meanOf(members.map((member) => member.shadow));
  const retrained = meanOf(members.map((member) => member.retrained));
  const retrainedConfidences = members.map((member) => member.retrainedConfidences);
  const guesses = (of: readonly (readonly number[])[]) => uLiraAccuracy(of, retrainedConfidences);
  const figures = {
    members: members.length,
    served,
    original,
    shadow,
    retrained,
    gap: {
      forget: served.forget - retrained.forget,
      retain: served.retain - retrained.retain,
      test: served.test - retrained.test,
    },
    tugOfWar: tugOfWar(served, retrained),
    uLira: guesses(members.map(({ unlearnedConfidences }) => unlearnedConfidences)),
    uLiraBefore: guesses(members.map(({ shadowConfidences }) => shadowConfidences)),
    known: {
      served: knownShare(servedConfidences, members),
      retrained: knownByOthers(members, (member) => member.retrainedConfidences),
      shadow: knownByOthers(members, (member) => member.shadowConfidences),
    },
  };
  return { ...figures, ...ruling(figures, bounds) };
}

/** Controls come before complaints: where one fails there is nothing to compare with. */
function ruling(
  figures: Omit<AuditFigures, 'gate' | 'explanation'>,
  { leastTugOfWar, mostULira }: AuditBounds,
): Pick<AuditFigures, 'gate' | 'explanation'> {
  const { original, shadow, tugOfWar: tow, uLira, uLiraBefore, known } = figures;
  const unlike = (['retain', 'test'] as const).filter(
    (set) => Math.abs(shadow[set] - original[set]) > mostShadowGap,
  );
  if (unlike.length > 0) {
    const which = unlike.map(
      (set) => `${show(shadow[set])} against ${show(original[set])} on ${set} samples`,
    );
    return {
      gate: 'undecided',
      explanation: `Networks that the audit trained on everything are not like the original (${which.join(', ')}): nothing can be compared with it. Give the --epochs that this network needs.`,
    };
  }
  const complaints = [
    ...(tow < leastTugOfWar
      ? [`ToW is ${tow.toFixed(3)}, at least ${leastTugOfWar} was asked`]
      : []),
    ...(uLira > mostULira
      ? [`U-LiRA tells unlearned from retrained in ${show(uLira)} of guesses`]
      : []),
    ...(uLiraBefore > mostULira && known.served > (known.retrained + known.shadow) / 2
      ? [
          `what serves treats ${show(known.served)} of the forgotten samples as if trained on them (retrained networks ${show(known.retrained)}, shadows before unlearning ${show(known.shadow)})`,
        ]
      : []),
  ];
  if (complaints.length > 0) {
    const explanation = `The gate passed what the audit does not: ${complaints.join('; ')}.`;
    return { gate: 'disagrees', explanation };
  }
  if (uLiraBefore <= mostULira) {
    return {
      gate: 'undecided',
      explanation: `Before unlearning already, U-LiRA tells no more than ${show(uLiraBefore)}: there was little to forget, or too few members to see it. Try more --members.`,
    };
  }
  return {
    gate: 'agrees',
    explanation: `The audit finds what the gate found: U-LiRA told ${show(uLiraBefore)} before unlearning and tells ${show(uLira)} after it; what serves treats ${show(known.served)} of the forgotten samples as if trained on them (retrained networks ${show(known.retrained)}); accuracies are those of retraining.`,
  };
}

/** @param members whose two kinds of network the samples are compared with */
function knownShare(confidences: readonly number[], members: readonly AuditMember[]): number {
  const known = confidences.filter((value, sample) => {
    const distance = (of: (member: AuditMember) => readonly number[]) =>
      Math.abs(
        value - members.reduce((sum, each) => sum + (of(each)[sample] ?? 0), 0) / members.length,
      );
    return (
      distance((each) => each.shadowConfidences) < distance((each) => each.retrainedConfidences)
    );
  });
  return known.length / Math.max(1, confidences.length);
}

/** Mean over the members, each compared with the others. */
function knownByOthers(
  members: readonly AuditMember[],
  of: (member: AuditMember) => readonly number[],
): number {
  const shares = members.map((member, index) =>
    knownShare(
      of(member),
      members.filter((_, other) => other !== index),
    ),
  );
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function meanOf(all: readonly Accuracies[]): Accuracies {
  const mean = (set: keyof Accuracies) =>
    all.reduce((sum, accuracies) => sum + accuracies[set], 0) / all.length;
  return { forget: mean('forget'), retain: mean('retain'), test: mean('test') };
}

function show(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
