import { modeNames } from '@lethe/contracts';
import { metricOf, metricsOf } from './metrics.ts';
import { ruleKeys, topKeys } from './policy-keys.ts';

const draft = 'https://json-schema.org/draft/2020-12/schema';

/** JSON Schema (2020-12) of a policy file. Published as docs/gate-policy.schema.json. */
export function policySchema(): Readonly<Record<string, unknown>> {
  const top = Object.entries(topKeys).map(([key, { schema }]) => [key, schema]);
  const modes = modeNames.map((mode) => [
    mode,
    object(metricsOf(mode).map((metric) => [metric, ruleSchema(metric)])),
  ]);
  const counts = { type: 'integer', minimum: 0 };
  const slice = object([
    ['classes', { type: 'array', minItems: 1, items: counts }],
    ['set', { type: 'string', minLength: 1 }],
    [
      'rows',
      { type: 'array', minItems: 1, items: { type: 'array', prefixItems: [counts, counts] } },
    ],
  ]);
  return {
    $schema: draft,
    title: 'Gate policy of Lethe',
    description: 'What is left out keeps its default.',
    ...object([
      ...top,
      ['slices', { type: ['object', 'null'], additionalProperties: slice }],
      ['modes', object(modes)],
    ]),
  };
}

function ruleSchema(metric: Parameters<typeof metricOf>[0]) {
  const { title } = metricOf(metric);
  const keys = Object.entries(ruleKeys(metricOf(metric))).map(([key, { schema }]) => [key, schema]);
  return { description: title, anyOf: [{ const: 'off' }, object(keys)] };
}

function object(properties: readonly (readonly unknown[])[]) {
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(properties as [string, unknown][]),
  };
}
