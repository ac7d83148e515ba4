/**
 * The console's figures, in a real Chromium: weight of the page, first view, live update.
 * npm run bench:console -- [--requests N] [--versions N] [--loads N] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteBus } from '@lethe/bus';
import { loadConsolePage } from '@lethe/console';
import {
  Decision,
  DeletionStatus,
  ModelRegistration,
  Outcome,
  RequestState,
  RoundManifest,
  ServingPointer,
  topics,
  Verdict,
} from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import { encodeEvent, readConfig, silentLog } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import type { Browser, Page } from 'playwright-core';
import { openChromium } from '../test/support/chromium/open-chromium.ts';
import { median } from './median.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    versions: { type: 'string', default: '1000' },
    loads: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write('bench/console.ts [--requests N] [--versions N] [--loads N] [--json]\n');
  process.exit(0);
}
const requests = Number(values.requests);
const versions = Number(values.versions);
const loads = Number(values.loads);
const startMs = Date.now() - 20 * 24 * 3600 * 1000;
const statusesAtOnce = 1_000;

const folder = await mkdtemp(join(tmpdir(), 'lethe-bench-console-'));
const store = await FolderStore.open(join(folder, 'store'));
const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
try {
  const lineage = new LineageStore(store, new BlobStore(store));
  await writeVersions(lineage);
  const registry = createRegistryService({
    bus,
    lineage,
    projectionFile: join(folder, 'registry.sqlite'),
    keys: KeyRing.open(join(folder, 'keys'), new Date()),
    retention: retentionOf(readConfig(registrySettings, { env: {}, argv: [] })),
    console: { address: '127.0.0.1:0', sessionMs: 3_600_000, traceUrl: '' },
    log: silentLog,
    onFatal: (error) => {
      throw error;
    },
  });
  await registry.start();
  const origin = `http://${registry.consoleAddress()}`;
  for (let from = 0; from < requests; from += statusesAtOnce) {
    const count = Math.min(statusesAtOnce, requests - from);
    await tell(Array.from({ length: count }, (_, at) => accepted(from + at)));
  }
  await projected(origin, requests);
  const browser = await openChromium();
  const result = {
    requests,
    versions,
    pageBytes: pageBytes(),
    firstViewMs: {
      overview: await views(browser, `${origin}/`, '.card'),
      model: await views(browser, `${origin}/models/bench`, '.lineage svg'),
      requests: await views(browser, `${origin}/requests`, 'tbody tr'),
      report: await views(browser, `${origin}/report`, '.outcomes'),
      round: await views(browser, `${origin}/models/bench/rounds/${versions}`, '.strip'),
    },
    liveUpdateMs: await liveUpdates(browser, origin),
    browser: browser.version(),
    machine: `${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  };
  await browser.close();
  await registry[Symbol.asyncDispose]();
  process.stdout.write(`${JSON.stringify(result, null, values.json ? 0 : 2)}\n`);
} finally {
  await bus[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}

/** A long lineage, one in five refused, as unlearner, evaluator and registry write it. */
async function writeVersions(lineage: LineageStore): Promise<void> {
  const modelKey = 'bench';
  const blob = await lineage.blobs.put(Buffer.from('weights'));
  await lineage.register(
    ModelRegistration.fromPartial({
      modelKey,
      topologyDigest: blob,
      weightsDigest: blob,
      trainingManifestDigest: blob,
      classCount: 10,
      registeredTime: new Date(startMs),
    }),
  );
  let parent = 0;
  let generation = 1;
  let pointer = ServingPointer.fromPartial({ modelKey, generation, weightsDigest: blob });
  let moved = await lineage.moveServing(pointer, undefined);
  for (let sequence = 1; sequence <= versions; sequence++) {
    const time = new Date(startMs + sequence * 60_000);
    const promoted = sequence % 5 !== 0 || sequence === versions;
    const manifest = RoundManifest.fromPartial({
      modelKey,
      sequence,
      createdTime: time,
      entry: {
        $case: 'round',
        value: {
          parentSequence: parent,
          weightsDigest: blob,
          stateDigest: blob,
          method: 'lethe',
          settingsJson: '{}',
          metrics: { outcome: 'forgotten', forgetAccuracyBefore: 1, forgetAccuracyAfter: 0.9 },
        },
      },
    });
    const { digest: manifestDigest } = await lineage.commitManifest(manifest);
    const outcome = promoted ? Outcome.OUTCOME_PASS : Outcome.OUTCOME_FAIL;
    const accuracy = 0.91 + 0.01 * Math.sin(sequence / 40);
    const metric = 'held_out_accuracy.vs_original';
    const checks = Array.from({ length: 40 }, (_, at) => ({
      name: at === 0 ? metric : `${metric}.${at}`,
      metric,
      outcome,
      explanation: 'Accuracy on held-out samples against the original model.',
      observed: accuracy,
      reference: 0.92,
      value: accuracy - 0.92,
      low: -0.05,
      high: 0.04,
      intervalLow: accuracy - 0.93,
      intervalHigh: accuracy - 0.91,
      intervalMethod: 'tango',
    }));
    const verdict = Verdict.fromPartial({ modelKey, sequence, manifestDigest, outcome, checks });
    const { digest: verdictDigest } = await lineage.putVerdict(verdict);
    const decided = { modelKey, sequence, manifestDigest, verdictDigest, promoted };
    await lineage.putDecision(Decision.fromPartial({ ...decided, decidedTime: time }));
    if (!promoted || moved.kind !== 'moved') continue;
    parent = sequence;
    generation += 1;
    pointer = {
      ...pointer,
      generation,
      sequence,
      manifestDigest,
      verdictDigest,
      promotedTime: time,
    };
    moved = await lineage.moveServing(pointer, moved.etag);
  }
}

function accepted(at: number): DeletionStatus {
  const submitted = new Date(startMs + at);
  return DeletionStatus.fromPartial({
    requestId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    emitter: 'shop',
    modelKey: 'bench',
    state: RequestState.REQUEST_STATE_ACCEPTED,
    detail: 'taken in',
    time: submitted,
    submittedTime: submitted,
    deadline: new Date(startMs + 30 * 24 * 3600 * 1000 + at * 1000),
    sampleCount: 3,
  });
}

async function tell(statuses: readonly DeletionStatus[]): Promise<void> {
  await bus.publish(
    statuses.map((each) => encodeEvent(topics.deletionStatus, 'bench', DeletionStatus, each)),
  );
}

async function projected(origin: string, total: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${origin}/api/requests?show=every&limit=1`);
    if (((await answer.json()) as { total: number }).total >= total) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function pageBytes(): { raw: number; sent: number; files: number } {
  const page = loadConsolePage();
  const all = [page.html, ...page.files.values()];
  return {
    raw: all.reduce((sum, { bytes }) => sum + bytes.length, 0),
    sent: all.reduce((sum, { gzipped }) => sum + gzipped.length, 0),
    files: all.length,
  };
}

/** From the click to the content on the screen, with an empty cache each time; as the page sees it. */
async function views(browser: Browser, url: string, selector: string): Promise<Spread> {
  const times: number[] = [];
  for (let load = 0; load < loads; load++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(`
      const look = () => {
        if (document.querySelector(${JSON.stringify(selector)})) globalThis.shownAtMs = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);`);
    await page.goto(url);
    times.push(await figureIn(page, 'globalThis.shownAtMs'));
    await context.close();
  }
  return spread(times);
}

/** From the publishing of a status to the overview that shows it. */
async function liveUpdates(browser: Browser, origin: string): Promise<Spread> {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.getByText('live', { exact: true }).waitFor();
  const times: number[] = [];
  for (let update = 1; update <= loads; update++) {
    const shown = (requests + update).toLocaleString('en');
    await page.evaluate(`
      globalThis.seenAtMs = undefined;
      const look = () => {
        if (document.body.textContent.includes(${JSON.stringify(shown)})) globalThis.seenAtMs = Date.now();
        else requestAnimationFrame(look);
      };
      look();`);
    const since = Date.now();
    await tell([accepted(requests + update)]);
    times.push((await figureIn(page, 'globalThis.seenAtMs')) - since);
  }
  await page.close();
  return spread(times);
}

async function figureIn(page: Page, expression: string): Promise<number> {
  for (;;) {
    // Not waitForFunction: that evaluates texts, which the page's policy forbids.
    const value = Number(await page.evaluate(expression));
    if (!Number.isNaN(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Spread {
  readonly median: number;
  readonly most: number;
}

function spread(times: readonly number[]): Spread {
  return { median: Math.round(median(times)), most: Math.round(Math.max(...times)) };
}
