/**
 * Records what metric-table.ts names. Before {@link openInstruments}, and where nothing is
 * exported, recording does nothing.
 */
import { type Attributes, type Counter, type Histogram, metrics } from '@opentelemetry/api';
import { LabelLimit } from './label-limit.ts';
import {
  type AttributesOf,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
  metricTable,
} from './metric-table.ts';

export interface Reading<Name extends GaugeName> {
  readonly value: number;
  readonly attributes: AttributesOf<Name>;
}

type Observer = () => readonly { readonly value: number; readonly attributes: Attributes }[];

const counters = new Map<string, Counter>();
const histograms = new Map<string, Histogram>();
const observers = new Map<string, Set<Observer>>();
/** Names of models come from users: a hundred thousand of them must not become as many series. */
const models = new LabelLimit(200);

export function count<Name extends CounterName>(
  name: Name,
  attributes: AttributesOf<Name>,
  value = 1,
): void {
  counters.get(name)?.add(value, bounded(attributes));
}

/** @param value in the unit of the metric */
export function measure<Name extends HistogramName>(
  name: Name,
  value: number,
  attributes: AttributesOf<Name>,
): void {
  histograms.get(name)?.record(value, bounded(attributes));
}

/** `read` is asked whenever metrics are exported, until the result is disposed of. */
export function observe<Name extends GaugeName>(
  name: Name,
  read: () => readonly Reading<Name>[],
): Disposable {
  const of = observers.get(name) ?? new Set<Observer>();
  observers.set(name, of);
  of.add(read);
  return { [Symbol.dispose]: () => void of.delete(read) };
}

/** Makes every instrument on the meter provider that is registered now. */
export function openInstruments(): void {
  const meter = metrics.getMeter('lethe');
  for (const [name, definition] of Object.entries<MetricDefinition>(metricTable)) {
    const options = { unit: definition.unit, description: definition.help };
    switch (definition.kind) {
      case 'counter':
        counters.set(name, meter.createCounter(name, options));
        break;
      case 'histogram':
        histograms.set(
          name,
          meter.createHistogram(name, {
            ...options,
            advice: { explicitBucketBoundaries: [...(definition.buckets ?? [])] },
          }),
        );
        break;
      case 'gauge':
        meter.createObservableGauge(name, options).addCallback((result) => {
          const readings = [...(observers.get(name) ?? [])].flatMap((read) => read());
          for (const { value, attributes } of summed(readings)) result.observe(value, attributes);
        });
        break;
      default:
        definition.kind satisfies never;
    }
  }
}

/** Models beyond the limit share a label: what is read of them is added up. */
function summed(readings: ReturnType<Observer>): ReturnType<Observer> {
  const sums = new Map<string, { value: number; attributes: Attributes }>();
  for (const reading of readings) {
    const attributes = bounded(reading.attributes);
    const key = JSON.stringify(attributes);
    sums.set(key, { value: reading.value + (sums.get(key)?.value ?? 0), attributes });
  }
  return [...sums.values()];
}

function bounded(attributes: Attributes): Attributes {
  const { model } = attributes;
  return typeof model === 'string' ? { ...attributes, model: models.admit(model) } : attributes;
}
