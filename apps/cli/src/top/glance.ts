/** What `lethe top` knows at one moment, and how it is told; pure. */

import { type ModelSummary, RoundProgress } from '@lethe/contracts';
import { daysLeft } from '@lethe/service-kit';
import { counted } from '../output/format.ts';
import { type Column, renderTable } from '../output/table.ts';

export interface ModelGlance {
  readonly modelKey: string;
  readonly serving: number;
  readonly open: number;
  readonly completed: number;
  readonly escalated: number;
  readonly overdue: number;
  /** Whole days until the nearest deadline of an open request. */
  readonly daysLeft: number | undefined;
  /** Requests completed a minute since the first glance; `undefined` in the first 5 s. */
  readonly completedPerMinute: number | undefined;
  readonly round: RoundProgress | undefined;
}

export interface Glance {
  readonly time: Date;
  readonly models: readonly ModelGlance[];
  readonly deadLetters: number;
}

/** Before that a rate says nothing. */
const leastMinutes = 5 / 60;

/** Completed requests by model, and when. */
export interface Baseline {
  readonly timeMs: number;
  readonly completed: ReadonlyMap<string, number>;
}

export function baselineOf(models: readonly ModelSummary[], now: Date): Baseline {
  const completed = models.map((model) => [keyOf(model), model.completedRequestCount] as const);
  return { timeMs: now.getTime(), completed: new Map(completed) };
}

export function takeGlance(
  models: readonly ModelSummary[],
  rounds: ReadonlyMap<string, RoundProgress>,
  { baseline, deadLetters, now }: { baseline: Baseline; deadLetters: number; now: Date },
): Glance {
  const minutes = (now.getTime() - baseline.timeMs) / 60_000;
  return {
    time: now,
    deadLetters,
    models: models.map((model) => {
      const modelKey = keyOf(model);
      const before = baseline.completed.get(modelKey) ?? 0;
      return {
        modelKey,
        serving: model.serving?.sequence ?? 0,
        open: model.openRequestCount,
        completed: model.completedRequestCount,
        escalated: model.escalatedRequestCount,
        overdue: model.overdueRequestCount,
        daysLeft: model.nearestDeadline && daysLeft(model.nearestDeadline, now),
        completedPerMinute:
          minutes < leastMinutes ? undefined : (model.completedRequestCount - before) / minutes,
        round: rounds.get(modelKey),
      };
    }),
  };
}

export function glanceJson({ time, models, deadLetters }: Glance): object {
  return {
    time: time.toISOString(),
    deadLetters,
    models: models.map(({ round, ...rest }) => ({
      ...rest,
      ...(round && { round: RoundProgress.toJSON(round) }),
    })),
  };
}

const columns: readonly Column[] = [
  { title: 'model' },
  { title: 'serving', align: 'right' },
  { title: 'open', align: 'right' },
  { title: 'days left', align: 'right' },
  { title: 'done', align: 'right' },
  { title: 'done/min', align: 'right' },
  { title: 'escalated', align: 'right' },
  { title: 'round' },
];

/**
 * The glance as lines. Models with trouble first, then those with work, then by name.
 *
 * @param rows most lines; models that do not fit are counted in the last one
 */
export function renderGlance({ time, models, deadLetters }: Glance, rows = Infinity): string[] {
  const sum = (count: (model: ModelGlance) => number) =>
    models.reduce((total, model) => total + count(model), 0);
  const overdue = sum((model) => model.overdue);
  const trouble = [
    overdue > 0 ? `${overdue} OVERDUE` : '',
    deadLetters > 0 ? `${deadLetters} dead letters` : '',
  ].filter((text) => text !== '');
  const head = [
    `${time.toISOString().slice(0, 19)}Z  ${counted(models.length, 'model')}, ${sum(({ open }) => open)} open, ${sum(({ completed }) => completed)} done${trouble.map((text) => `, ${text}`).join('')}`,
    '',
  ];
  if (models.length === 0) return [...head, 'No models yet. Register one with: lethe import'];
  const sorted = [...models].sort(byUrgency);
  // Head, header and rule of the table, and one line for those left out.
  const fitting = Math.max(1, rows - head.length - 3);
  const shown = sorted.slice(0, fitting);
  const table = renderTable(columns, shown.map(row)).split('\n');
  const left = sorted.length - shown.length;
  return [...head, ...table, ...(left > 0 ? [`… and ${left} more models`] : [])];
}

function row(model: ModelGlance): string[] {
  const {
    modelKey,
    serving,
    open,
    daysLeft: days,
    completed,
    completedPerMinute,
    escalated,
  } = model;
  return [
    modelKey,
    String(serving),
    String(open),
    model.overdue > 0 ? `${days} (${model.overdue} overdue)` : String(days ?? '–'),
    String(completed),
    completedPerMinute === undefined ? '–' : completedPerMinute.toFixed(1),
    String(escalated),
    roundText(model.round),
  ];
}

function roundText(round: RoundProgress | undefined): string {
  if (round === undefined || round.phase === 'idle') return '–';
  const { sequence, phase, requestCount, sampleCount, step, stepLimit, reason } = round;
  const words = phase.replaceAll('_', ' ');
  const step_ = phase === 'computing' && stepLimit > 0 ? ` ${step}/${stepLimit}` : '';
  const size =
    requestCount > 0
      ? `, ${counted(requestCount, 'request')}, ${counted(sampleCount, 'sample')}`
      : '';
  return `#${sequence} ${words}${step_}${size}${reason === '' ? '' : `: ${reason}`}`;
}

function byUrgency(a: ModelGlance, b: ModelGlance): number {
  return (
    b.overdue - a.overdue ||
    b.escalated - a.escalated ||
    b.open - a.open ||
    (a.modelKey < b.modelKey ? -1 : 1)
  );
}

function keyOf({ registration }: ModelSummary): string {
  return registration?.modelKey ?? '';
}
