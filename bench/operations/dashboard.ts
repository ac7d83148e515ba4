import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ResourceStack } from '@lethe/service-kit';
import { recordTelemetry } from '@lethe/telemetry/testing';
import { prometheusProgram } from '../../scripts/servers/recipe.ts';
import { readDashboard } from '../../test/support/operations/read-monitoring.ts';
import { recordEverything } from '../../test/support/operations/record-everything.ts';
import { PrometheusServer } from '../../test/support/servers/prometheus-server.ts';
import { median } from '../median.ts';

export interface DashboardFigures {
  readonly requests: number;
  readonly models: number;
  readonly series: number;
  readonly samples: number;
  readonly queries: number;
  /** Each query as its panel asks it, over the whole run: the middle one and the slowest. */
  readonly medianMs: number;
  readonly slowestMs: number;
  readonly slowest: string;
}

/** As the PodMonitors say. */
const scrapeSeconds = 15;
const runSeconds = 2 * 3600;
/** As wide as a screen. */
const pointsPerPanel = 500;

/**
 * A run of two hours with so many requests: every metric that there is, with its labels for each
 * model, growing with the requests, in the storage of a real Prometheus; then every query of the
 * dashboard, over all of it.
 */
export async function measureDashboard(
  requests: number,
  models: number,
): Promise<DashboardFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-dashboard-'));
  const stack = new ResourceStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    const scrape = await scrapeOf(models);
    const series = scrape.filter((line) => !line.startsWith('#')).length;
    const end = Math.floor(Date.now() / 1000) - 60;
    const storage = join(folder, 'data');
    await fill(storage, join(folder, 'run.openmetrics'), scrape, { end, requests, models });
    const prometheus = stack.use(
      await PrometheusServer.start({ targets: [], every: '15s', storage }),
    );
    const times: { readonly title: string; readonly ms: number }[] = [];
    for (const { title, expr } of await readDashboard()) {
      const startedMs = performance.now();
      const step = Math.ceil(runSeconds / pointsPerPanel);
      const answered = await prometheus.queryRange(expr, end - runSeconds, end, step);
      times.push({ title, ms: performance.now() - startedMs });
      if (answered === 0) throw new Error(`nothing to see in "${title}": ${expr}`);
    }
    times.sort((a, b) => a.ms - b.ms);
    return {
      requests,
      models,
      series,
      samples: (series * runSeconds) / scrapeSeconds,
      queries: times.length,
      medianMs: median(times.map(({ ms }) => ms)),
      slowestMs: times.at(-1)!.ms,
      slowest: times.at(-1)!.title,
    };
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

/** What a scrape shows when every metric was recorded once for every model. */
async function scrapeOf(models: number): Promise<readonly string[]> {
  const telemetry = recordTelemetry();
  const gauges: Disposable[] = [];
  try {
    for (let model = 0; model < models; model++) {
      gauges.push(recordEverything((label) => labelOf(label, `model-${model}`)));
    }
    return (await telemetry.scrape()).split('\n').filter((line) => line !== '');
  } finally {
    for (const gauge of gauges) gauge[Symbol.dispose]();
    await telemetry[Symbol.asyncDispose]();
  }
}

/** What rules and panels look for by value. */
function labelOf(attribute: string, model: string): string {
  if (attribute === 'model') return model;
  if (attribute === 'http.response.status_code') return '503';
  return attribute === 'holds' ? 'request' : 'x';
}

/** Writes the run as OpenMetrics, and has promtool make blocks of it. */
async function fill(
  storage: string,
  file: string,
  scrape: readonly string[],
  run: { readonly end: number; readonly requests: number; readonly models: number },
): Promise<void> {
  const types = new Map(
    scrape.flatMap((line) => {
      const [, name, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, type!] as const];
    }),
  );
  const out = createWriteStream(file);
  const write = async (text: string) => {
    if (!out.write(text)) await once(out, 'drain');
  };
  for (const [name, type] of types) {
    const isCounter = type === 'counter';
    const family = isCounter ? name.replace(/_total$/, '') : name;
    await write(`# TYPE ${family} ${type}\n`);
    for (const line of scrape) {
      const sample = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/.exec(line);
      if (sample === null || !belongs(sample[1]!, name, type!)) continue;
      const [, metric, labels = '', value] = sample;
      const perModel = isGrowing(type!) ? run.requests / run.models : 1;
      const lines: string[] = [];
      for (let at = run.end - runSeconds; at <= run.end; at += scrapeSeconds) {
        const share = isGrowing(type!) ? 1 - (run.end - at) / runSeconds : 1;
        const grown = Math.round(Number(value) * perModel * share);
        lines.push(`${metric}${withJob(labels)} ${grown} ${at}`);
      }
      await write(`${lines.join('\n')}\n`);
    }
  }
  out.end('# EOF\n');
  await once(out, 'close');
  const options = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, storage];
  await promisify(execFile)(prometheusProgram('promtool'), options, { maxBuffer: 2 ** 26 });
}

const isGrowing = (type: string) => type !== 'gauge';

function belongs(metric: string, family: string, type: string): boolean {
  if (type !== 'histogram') return metric === family;
  return ['_bucket', '_sum', '_count'].some((suffix) => metric === family + suffix);
}

/** What a scrape adds. */
function withJob(labels: string): string {
  const own = 'job="lethe",instance="lethe-0:7409",namespace="lethe",pod="lethe-0"';
  return labels === '' ? `{${own}}` : `${labels.slice(0, -1)},${own}}`;
}
