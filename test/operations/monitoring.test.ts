import { readFile } from 'node:fs/promises';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifests } from '../support/deploy/manifest-files.ts';
import { usedMetrics } from '../support/operations/promql-metrics.ts';
import { readAlerts, readDashboard } from '../support/operations/read-monitoring.ts';
import { recordEverything } from '../support/operations/record-everything.ts';
import { alertCases } from './alert-cases.ts';

/** What Prometheus itself and the operator's discovery add to every series. */
const targetLabels = new Set(['instance', 'job', 'namespace', 'pod', 'container', 'service', 'le']);

let telemetry: RecordedTelemetry;
/** Exported name → labels, as a scrape shows them. */
const exported = new Map<string, Set<string>>();
beforeAll(async () => {
  telemetry = recordTelemetry();
  using _all = recordEverything();
  for (const line of (await telemetry.scrape()).split('\n')) {
    const [, name, labels = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = exported.get(name) ?? new Set<string>();
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
    exported.set(name, known);
  }
});
afterAll(() => telemetry[Symbol.asyncDispose]());

function expectExported(expression: string): void {
  const { metrics, grouped } = usedMetrics(expression);
  expect(metrics.length).toBeGreaterThan(0);
  for (const { name, matched } of metrics) {
    expect([expression, name, exported.has(name)]).toEqual([expression, name, true]);
    for (const label of matched) {
      const isKnown = exported.get(name)!.has(label) || targetLabels.has(label);
      expect([expression, name, label, isKnown]).toEqual([expression, name, label, true]);
    }
  }
  for (const label of grouped) {
    const isKnown = metrics.some(({ name }) => exported.get(name)!.has(label));
    expect([expression, label, isKnown || targetLabels.has(label)]).toEqual([
      expression,
      label,
      true,
    ]);
  }
}

describe('alerts', () => {
  it('use only what is exported, with labels that it has', async () => {
    for (const { expr } of await readAlerts()) expectExported(expr);
  });

  it('have each a case that makes it fire and one that does not', async () => {
    const alerts = (await readAlerts()).map(({ alert }) => alert);
    expect(alertCases.map(({ alert }) => alert)).toEqual(alerts);
  });

  it('have each a section in the operations page, which their annotation names', async () => {
    const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    for (const { alert, annotations } of await readAlerts()) {
      expect(page).toContain(`\n### ${alert}\n`);
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });
});

describe('the dashboard', () => {
  it('uses only what is exported, with labels that it has', async () => {
    for (const { expr } of await readDashboard()) expectExported(expr);
  });
});

describe('scaling', () => {
  it('uses only what is exported', async () => {
    const scaled = (await readManifests('overlays/prod')).filter(
      ({ kind }) => kind === 'ScaledObject',
    );
    const queries = scaled.flatMap(({ body }) =>
      body.spec.triggers.flatMap(
        ({ metadata }: { metadata: { query?: string } }) => metadata.query ?? [],
      ),
    );
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) expectExported(query);
  });
});
