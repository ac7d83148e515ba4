import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Backend, type BackendPreference, openBackend } from '@lethe/compute';
import { type DeletionStatus, type ModelRegistration, RequestState } from '@lethe/contracts';
import { LineageStore } from '@lethe/lineage';
import { createLog } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { cifarModel, type DemoModel, syntheticModel } from '../demo/demo-model.ts';
import type { DemoRecord } from '../demo/demo-record.ts';
import { measureLineage } from '../demo/measure-lineage.ts';
import { measureOriginal } from '../demo/measure-original.ts';
import { renderReport } from '../demo/report.ts';
import { runDemo } from '../demo/run-demo.ts';
import { showRoundTable } from '../demo/show-round-table.ts';
import { takeHome } from '../embedded/home-folder.ts';
import { importModel } from '../import/import-model.ts';
import { loadNetwork } from '../import/load-network.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { percent } from '../output/format.ts';
import { parseMode } from '../output/names.ts';
import type { Output } from '../output/output.ts';

interface DemoOptions {
  readonly dataDir?: string;
  readonly requests: number;
  readonly seed: number;
  readonly mode: string;
  readonly backend: BackendPreference;
  readonly report: string;
}

export const run: CommandFunction<DemoOptions> = async (options, out) => {
  const startedAt = new Date();
  const mode = parseMode(options.mode);
  const model = options.dataDir === undefined ? syntheticModel() : cifarModel(options.dataDir);
  const home = join(options.home, 'demo');
  rmSync(home, { recursive: true, force: true });
  using taken = takeHome(home);
  const { layout } = taken;
  const logFile = join(layout.root, 'demo.log');
  const logStream = createWriteStream(logFile);
  const log = createLog({ service: 'lethe', destination: logStream, format: 'json' });

  const backend = await openBackend({ prefer: options.backend });
  introduce(model, backend, logFile, out);
  await using store = await FolderStore.open(layout.store);
  const blobs = new BlobStore(store, { cacheFolder: layout.cache });
  const lineage = new LineageStore(store, blobs);
  const registration = await register(model, lineage, out);
  const before = await withBar(out, 'held-out accuracy before', (update) =>
    measureOriginal(lineage, registration, update),
  );
  out.line(`Held-out accuracy before: ${percent(before.accuracy)} of ${before.samples} images.\n`);

  const { modelKey } = model;
  const ends = await runDemo({ ...options, modelKey, mode, layout, log }, lineage, out);
  const rounds = await withBar(out, 'measuring earlier rounds', (update) =>
    measureLineage(lineage, modelKey, update),
  );
  const record: DemoRecord = {
    modelKey,
    mode: options.mode,
    backend: backend.name,
    startedAt,
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    heldOutCount: before.samples,
    heldOutAccuracyBefore: before.accuracy,
    rounds,
    requests: countEnds(ends),
  };
  const report = resolve(options.report);
  mkdirSync(join(report, '..'), { recursive: true });
  writeFileSync(report, renderReport(record));
  showResult(record, report, home, out);
  const { completed, noMatch, total } = record.requests;
  return completed + noMatch === total ? exitCodes.ok : exitCodes.refused;
};

function introduce(model: DemoModel, backend: Backend, logFile: string, out: Output): void {
  out.line(`Lethe demo: ${model.title}. Compute: ${backend.name}, ${backend.description}.`);
  for (const { name, reason } of backend.absent) out.line(`  ${name} is not used: ${reason}`);
  out.line(`The services' log: ${logFile}\n`);
}

async function register(
  model: DemoModel,
  lineage: LineageStore,
  out: Output,
): Promise<ModelRegistration> {
  const network = await loadNetwork({ path: model.weights, foldBatchNorm: true });
  const { registration } = await withBar(out, 'registering the model', (update) =>
    importModel(
      {
        modelKey: model.modelKey,
        network,
        training: model.training,
        stop: model.stop,
        gate: model.gate,
        subjects: { kind: 'each', samples: model.samplesPerSubject },
        duplicates: 'leave_out',
        mode: undefined,
        now: new Date(),
        onProgress: ({ phase, done, total }) => update(done, total ?? 0, phase),
      },
      lineage,
      lineage.blobs,
    ),
  );
  network.model.dispose();
  return registration;
}

async function withBar<Result>(
  out: Output,
  label: string,
  work: (update: (done: number, total: number, note?: string) => void) => Promise<Result>,
): Promise<Result> {
  const bar = out.progress(label);
  try {
    return await work((done, total, note) => bar.update(done, total, note));
  } finally {
    bar.finish();
  }
}

function countEnds(ends: readonly DeletionStatus[]): DemoRecord['requests'] {
  const count = (...states: RequestState[]) =>
    ends.filter((end) => states.includes(end.state)).length;
  return {
    completed: count(
      RequestState.REQUEST_STATE_COMPLETED,
      RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
    ),
    noMatch: count(RequestState.REQUEST_STATE_NO_MATCH),
    total: ends.length,
  };
}

function showResult(record: DemoRecord, report: string, home: string, out: Output): void {
  out.result(record);
  out.line();
  showRoundTable(record, out);
  const { completed, noMatch, total } = record.requests;
  out.line();
  out.line(
    `${completed} of ${total} requests completed, ${noMatch} named nobody known, in ${record.seconds.toFixed(0)} s.`,
  );
  out.line(
    '"forget now": share of the round\'s images still given their label; "forget earlier": the same over all rounds promoted before.',
  );
  out.line(`Report: ${report}`);
  out.line(
    `Look closer: npx lethe up --home ${home}, then http://127.0.0.1:7403 or npx lethe rounds ${record.modelKey} --home ${home}`,
  );
}
