import { percentCell } from '../unlearning/percent.ts';
import type { Judgement } from './judgement.ts';

/** One line of a run: what a round cost, and what the network knew after it. */
export interface RoundRow {
  readonly round: number;
  readonly k: number;
  readonly outcome: string;
  readonly steps: number;
  readonly trainingPasses: number;
  readonly forwardPasses: number;
  readonly seconds: number;
  readonly rssBytes: number;
  readonly stateBytes: number;
  /** Accuracy on this and on each earlier forget set, its own last. */
  readonly forgetSets: readonly number[];
  /** On the images of all earlier rounds together; null in the first. */
  readonly forgetAccuracyEarlier: number | null;
  /** Of the earlier images that were not given their label after their own round: share that is again. */
  readonly back: number | null;
  /** Null where only the forget sets were asked. */
  readonly judgement: Judgement | null;
}

const columns = [
  'round',
  'k',
  'outcome',
  'steps',
  'forget %',
  'earlier %',
  'back %',
  'test %',
  'other test %',
  'retained %',
  'all − unseen %',
  'AUC loss',
  'AUC mirrored',
  'train passes',
  'fwd passes',
  'seconds',
  'MiB',
] as const;

export const rowHeader = columns.join(' | ');

export function rowText(row: RoundRow): string {
  const { judgement } = row;
  const cells = [
    String(row.round),
    String(row.k),
    row.outcome,
    String(row.steps),
    percentCell(row.forgetSets.at(-1) ?? null),
    percentCell(row.forgetAccuracyEarlier),
    percentCell(row.back),
    percentCell(judgement?.testAccuracy ?? null),
    percentCell(judgement?.otherTestAccuracy ?? null),
    percentCell(judgement?.retainedAccuracy ?? null),
    percentCell(judgement?.classMatchedDifference.value ?? null),
    judgement === null ? '-' : judgement.auc.loss.value.toFixed(3),
    judgement?.copies['mirrored']?.auc.value.toFixed(3) ?? '-',
    String(row.trainingPasses),
    String(row.forwardPasses),
    row.seconds.toFixed(1),
    (row.rssBytes / 2 ** 20).toFixed(0),
  ];
  return cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0)).join(' | ');
}
