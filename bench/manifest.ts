/**
 * Training manifest at scale: builds one, looks subjects up, prints file size, times and memory.
 * node --disable-warning=ExperimentalWarning bench/manifest.ts [--samples N] [--per-subject N] [--keep FILE] [--json]
 */
import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Digest } from '@lethe/contracts';
import { buildTrainingManifest, type ManifestEntry, openTrainingManifest } from '@lethe/datasets';
import { answerHelp } from './answer-help.ts';

answerHelp(import.meta.filename);
const { values: options } = parseArgs({
  options: {
    samples: { type: 'string', default: '10000000' },
    'per-subject': { type: 'string', default: '20' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const samples = Number(options.samples);
const subjects = Math.ceil(samples / Number(options['per-subject']));
const classCount = 1000;
const lookUps = 2000;

const hash = (text: string) => createHash('sha256').update(text).digest('hex') as Digest;
/** A subject's samples are scattered over the whole file; handles look like UUIDs, in no order. */
const subjectOf = (row: number) => hash(`s${(row * 7919) % subjects}`).slice(0, 36);

function* entries(): Generator<ManifestEntry> {
  for (let row = 0; row < samples; row++) {
    yield {
      row,
      sampleId: `train/shard-${Math.floor(row / 10_000)}/${row % 10_000}`,
      sha256: hash(String(row)),
      label: (row * 31) % classCount,
      subject: subjectOf(row),
    };
  }
}

/** Milliseconds of each call. */
function time(work: (i: number) => void): { median: number; p99: number; worst: number } {
  const times = Array.from({ length: lookUps }, (_, i) => {
    const start = performance.now();
    work(i);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const at = (share: number) => Number(times[Math.floor(share * (lookUps - 1))]!.toFixed(3));
  return { median: at(0.5), p99: at(0.99), worst: at(1) };
}

const file = options.keep ?? join(tmpdir(), `manifest-${randomBytes(4).toString('hex')}.sqlite`);
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
try {
  let peak = 0;
  const start = performance.now();
  const summary = await buildTrainingManifest(file, entries(), {
    classCount,
    onProgress: (done) => {
      if (done % 409_600 !== 0) return;
      peak = Math.max(peak, process.memoryUsage.rss());
      if (!options.json) console.error(`${done} of ${samples}`);
    },
  });
  const buildSeconds = Math.round((performance.now() - start) / 1000);
  const buildPeakMegabytes = megabytes(Math.max(peak, process.memoryUsage.rss()));
  const before = process.memoryUsage.rss();
  const manifest = openTrainingManifest(file);
  const row = (i: number) => (i * 4_999_999) % samples;
  const id = (i: number) => `train/shard-${Math.floor(row(i) / 10_000)}/${row(i) % 10_000}`;
  const handles = Array.from({ length: lookUps }, (_, i) => subjectOf(row(i)));
  const digests = Array.from({ length: lookUps }, (_, i) => hash(String(row(i))));
  const result = {
    samples,
    subjects: summary.subjectCount,
    fileMegabytes: megabytes(summary.sizeBytes),
    bytesPerSample: Number((summary.sizeBytes / samples).toFixed(1)),
    buildSeconds,
    buildPeakMegabytes,
    bySubjectMs: time((i) => manifest.rowsOfSubject(handles[i]!)),
    bySampleIdMs: time((i) => manifest.rowsOfSampleIds([id(i)])),
    byDigestMs: time((i) => manifest.rowsOfDigests([digests[i]!])),
    labelOfRowMs: time((i) => manifest.label(row(i))),
    lookUpGrowthMegabytes: megabytes(process.memoryUsage.rss() - before),
    digest: summary.digest,
  };
  manifest[Symbol.dispose]();
  console.log(JSON.stringify(result, null, options.json ? 0 : 2));
} finally {
  if (options.keep === undefined) await rm(file, { force: true });
}
