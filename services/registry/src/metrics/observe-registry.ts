import type { LineageStore } from '@lethe/lineage';
import { type Clock, RefreshedValue, ResourceStack } from '@lethe/service-kit';
import { type GaugeName, observe, type Reading } from '@lethe/telemetry';
import type { DeadLetterIndex } from '../dead-letters/dead-letter-index.ts';
import type { ProjectionCurrency } from '../requests/projection-currency.ts';
import type { RequestProjection } from '../requests/request-projection.ts';
import { type RequestFigures, requestFigures } from './request-figures.ts';
import { type ServedAccuracy, servedAccuracies } from './served-accuracy.ts';

export interface ObservedRegistry {
  readonly projection: RequestProjection;
  readonly currency: Pick<ProjectionCurrency, 'isCurrent'>;
  readonly deadLetters: DeadLetterIndex;
  readonly lineage: LineageStore;
  /** By model: versions whose weights should be gone. */
  readonly purgesDue: ReadonlyMap<string, number>;
  readonly clock: Clock;
}

/** A scrape sees figures that are at most so old, and those of the scrape before. */
const maxAgeMs = 5_000;
/** Reads the pointer of every model. */
const servedMaxAgeMs = 30_000;

/** Gauges of what the registry knows, until the result is disposed of. */
export function observeRegistry(registry: ObservedRegistry): AsyncDisposable {
  const { projection, currency, deadLetters, lineage, purgesDue, clock } = registry;
  const stack = new ResourceStack();
  let known = requestReadings([], clock.now());
  const requests = stack.use(
    new RefreshedValue<RequestReadings>({
      initial: known,
      maxAgeMs,
      read: async (signal) => {
        const now = clock.now();
        // Alerts would be raised for what ended long ago.
        if (!(await currency.isCurrent())) return known;
        known = requestReadings(await requestFigures(projection, now.getTime(), signal), now);
        return known;
      },
    }),
  );
  const observeRequests = <Name extends RequestGauge>(name: Name) =>
    stack.use(observe<Name>(name, () => requests.current[name]));
  requestGauges.forEach(observeRequests);

  let served: ReadonlyMap<string, ServedAccuracy> = new Map();
  const accuracies = stack.use(
    new RefreshedValue({
      initial: accuracyReadings(served),
      maxAgeMs: servedMaxAgeMs,
      read: async (signal) => {
        served = await servedAccuracies(lineage, served, signal);
        return accuracyReadings(served);
      },
    }),
  );
  stack.use(observe('lethe.serving.retained_accuracy', () => accuracies.current.retained));
  stack.use(observe('lethe.serving.forget_accuracy', () => accuracies.current.forgotten));

  stack.use(
    observe('lethe.purge.due', () =>
      [...purgesDue].map(([model, value]) => ({ value, attributes: { model } })),
    ),
  );
  stack.use(
    observe('lethe.dead_letters.open', () => {
      const { open, requests } = deadLetters.openCounts();
      return [
        { value: requests, attributes: { holds: 'request' } },
        { value: open - requests, attributes: { holds: 'other' } },
      ];
    }),
  );
  return stack;
}

const requestGauges = [
  'lethe.requests.open',
  'lethe.requests.oldest_age',
  'lethe.requests.overdue',
  'lethe.requests.escalated',
  'lethe.deadline.least_remaining',
  'lethe.deadline.forecast_late',
] as const satisfies readonly GaugeName[];

type RequestGauge = (typeof requestGauges)[number];
type RequestReadings = { readonly [Name in RequestGauge]: readonly Reading<Name>[] };

function requestReadings(figures: readonly RequestFigures[], now: Date): RequestReadings {
  const nowMs = now.getTime();
  const each = (pick: (of: RequestFigures) => number | undefined) =>
    figures.flatMap((of) => {
      const value = pick(of);
      return value === undefined ? [] : [{ value, attributes: { model: of.modelKey } }];
    });
  return {
    'lethe.requests.open': each(({ open }) => open),
    'lethe.requests.oldest_age': each((of) => Math.max(0, nowMs - of.oldestSubmittedMs) / 1000),
    'lethe.requests.overdue': each(({ overdue }) => overdue),
    'lethe.requests.escalated': each(({ escalated }) => escalated),
    'lethe.deadline.least_remaining': each(({ nearestDeadlineMs }) =>
      nearestDeadlineMs === undefined ? undefined : (nearestDeadlineMs - nowMs) / 1000,
    ),
    'lethe.deadline.forecast_late': each((of) => of.forecastLate),
  };
}

function accuracyReadings(served: ReadonlyMap<string, ServedAccuracy>) {
  const each = (pick: (of: ServedAccuracy) => number | undefined) =>
    [...served.values()].flatMap((of) => {
      const value = pick(of);
      return value === undefined ? [] : [{ value, attributes: { model: of.modelKey } }];
    });
  return {
    retained: each(({ retained }) => retained),
    forgotten: each(({ forgotten }) => forgotten),
  };
}
