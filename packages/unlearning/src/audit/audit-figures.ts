import { type Accuracies, tugOfWar } from '../measures/tug-of-war.ts';
import { uLiraAccuracy } from '../measures/u-lira.ts';
import type { AuditMember, Membership } from './audit-member.ts';

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
  /** Membership AUC of each network, means over the ensembles; 0.5 is chance. */
  readonly membership: Membership;
  /** Every promoted round had a passing verdict: does the audit say the same? */
  readonly gate: 'agrees' | 'disagrees' | 'undecided';
  readonly explanation: string;
}

/** Shadows that differ from the original by more, on training or test samples, are no shadows of it. */
const mostShadowGap = 0.05;

/** AUCs nearer to each other tell nothing. */
const leastMembershipGap = 0.04;

/** @param members at least two: U-LiRA leaves one out in turn */
export function auditFigures(members: readonly AuditMember[], bounds: AuditBounds): AuditFigures {
  const [first] = members;
  if (first === undefined || members.length < 2) throw new RangeError('two members are needed');
  const { served, original } = first;
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
    membership: {
      served: first.membership.served,
      original: first.membership.original,
      shadow: average(members.map(({ membership }) => membership.shadow)),
      retrained: average(members.map(({ membership }) => membership.retrained)),
    },
  };
  return { ...figures, ...ruling(figures, bounds) };
}

/** Controls come before complaints: where one fails there is nothing to compare with. */
function ruling(
  figures: Omit<AuditFigures, 'gate' | 'explanation'>,
  { leastTugOfWar, mostULira }: AuditBounds,
): Pick<AuditFigures, 'gate' | 'explanation'> {
  const { original, shadow, tugOfWar: tow, uLira, uLiraBefore, membership } = figures;
  const unknown = [...notFinite(figures)];
  if (unknown.length > 0) {
    return {
      gate: 'undecided',
      explanation: `No number: ${unknown.join(', ')}. A set of samples is empty, or all in it are of classes that another lacks.`,
    };
  }
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
    ...(staysMember(membership)
      ? [
          `what serves gives the forgotten samples away like the original (membership AUC ${membership.served.toFixed(3)}, original ${membership.original.toFixed(3)}, retrained ${membership.retrained.toFixed(3)})`,
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
    explanation: `The audit finds what the gate found: U-LiRA told ${show(uLiraBefore)} before unlearning and tells ${show(uLira)} after it; membership AUC is ${membership.served.toFixed(3)} (original ${membership.original.toFixed(3)}, retrained ${membership.retrained.toFixed(3)}); accuracies are those of retraining.`,
  };
}

/** Nearer to the original than to retrained networks, where these are apart at all. */
function staysMember({ served, original, retrained }: Membership): boolean {
  return original - retrained > leastMembershipGap && served > (original + retrained) / 2;
}

/** What of the figures is no number, each named by its path. */
function* notFinite(figures: object, path = ''): Generator<string> {
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value === 'object') yield* notFinite(value, `${path}${name}.`);
    else if (!Number.isFinite(value)) yield `${path}${name}`;
  }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function meanOf(all: readonly Accuracies[]): Accuracies {
  const mean = (set: keyof Accuracies) =>
    all.reduce((sum, accuracies) => sum + accuracies[set], 0) / all.length;
  return { forget: mean('forget'), retain: mean('retain'), test: mean('test') };
}

function show(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
