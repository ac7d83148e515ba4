import type { RoundProgress } from '@lethe/unlearning';
import { percentCell } from './percent.ts';
import type { RoundFigures } from './round-figures.ts';

const columns = [
  'round',
  'outcome',
  'steps',
  'forget %',
  'earlier %',
  'worst %',
  'mirrored %',
  'test %',
  'other test %',
  'train %',
  'AUC',
  'Streisand %',
  'train passes',
  'fwd passes',
  'seconds',
] as const;

export const tableHeader = columns.join(' | ');

export interface RowCost {
  readonly outcome: string;
  readonly steps: number;
  readonly trainingPasses: number;
  readonly forwardPasses: number;
  readonly seconds: number;
}

export function tableRow(round: number, figures: RoundFigures, cost: RowCost): string {
  const cells = [
    String(round),
    cost.outcome,
    String(cost.steps),
    percentCell(figures.forgetAccuracy),
    percentCell(figures.forgetAccuracyEarlier),
    percentCell(figures.forgetAccuracyEarlierWorst),
    percentCell(figures.mirroredForgetAccuracy),
    percentCell(figures.testAccuracy),
    percentCell(figures.otherTestAccuracy),
    percentCell(figures.otherTrainAccuracy),
    figures.membershipAuc.toFixed(3),
    percentCell(figures.streisandShare),
    String(cost.trainingPasses),
    String(cost.forwardPasses),
    cost.seconds.toFixed(0),
  ];
  return cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0)).join(' | ');
}

/** Overwrites itself on a terminal. */
export function progressLine(round: number, progress: RoundProgress): string {
  const { phase, step, stepLimit, forgetAccuracy, imagePasses } = progress;
  return `\x1b[2K\rround ${round + 1}: ${phase} ${step}/${stepLimit}, forget accuracy ${percentCell(forgetAccuracy)} %, ${imagePasses} images`;
}
