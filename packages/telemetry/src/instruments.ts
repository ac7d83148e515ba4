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

type Readings = readonly { readonly value: number; readonly attributes: Attributes }[];
type Observer = () => Readings;

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

/**
 * `read` is asked whenever metrics are exported, until the result is disposed of. A list that is
 * given unchanged must be the same array: then exporting it again costs little.
 */
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
          const parts = [...(observers.get(name) ?? [])].map((read) => folded(read(), definition));
          const readings = parts.length === 1 ? parts[0]! : together(parts.flat(), definition);
          for (const { value, attributes } of readings) result.observe(value, attributes);
        });
        break;
      default:
        definition.kind satisfies never;
    }
  }
}

/** A list that an observer gives again is not folded again: scrapes are frequent, lists may be long. */
const foldedBefore = new WeakMap<Readings, Readings>();

function folded(readings: Readings, definition: MetricDefinition): Readings {
  const known = foldedBefore.get(readings);
  if (known !== undefined) return known;
  const result = together(readings, definition);
  foldedBefore.set(readings, result);
  return result;
}

/** Models beyond the limit share a label: what is read of them becomes one reading. */
function together(readings: Readings, definition: MetricDefinition): Readings {
  const join = joins[definition.together ?? 'sum'];
  const joined = new Map<string, { value: number; attributes: Attributes }>();
  for (const reading of readings) {
    const attributes = bounded(reading.attributes);
    const key = definition.attributes.map((name) => attributes[name]).join('\0');
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { value: reading.value, attributes });
    else known.value = join(known.value, reading.value);
  }
  return [...joined.values()];
}

const joins = {
  sum: (a: number, b: number) => a + b,
  least: Math.min,
  most: Math.max,
} as const;

function bounded(attributes: Attributes): Attributes {
  const { model } = attributes;
  return typeof model === 'string' ? { ...attributes, model: models.admit(model) } : attributes;
}
