import {
  type CounterName,
  count,
  type GaugeName,
  type HistogramName,
  type MetricDefinition,
  measure,
  metricTable,
  observe,
} from '@lethe/telemetry';

/** Records every metric of the table once, each of its labels with a value. */
export function recordEverything(labelOf: (attribute: string) => string = () => 'x'): Disposable {
  const gauges: Disposable[] = [];
  for (const [name, definition] of Object.entries<MetricDefinition>(metricTable)) {
    const attributes = Object.fromEntries(
      definition.attributes.map((each) => [each, labelOf(each)]),
    ) as never;
    switch (definition.kind) {
      case 'counter':
        count(name as CounterName, attributes);
        break;
      case 'histogram':
        measure(name as HistogramName, 1, attributes);
        break;
      case 'gauge': {
        const readings = [{ value: 1, attributes }];
        gauges.push(observe(name as GaugeName, () => readings));
        break;
      }
      default:
        definition.kind satisfies never;
    }
  }
  return {
    [Symbol.dispose]() {
      for (const gauge of gauges) gauge[Symbol.dispose]();
    },
  };
}
