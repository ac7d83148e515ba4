import {
  type Digest,
  LetheError,
  type ModelKey,
  type ModelRegistration,
  Outcome,
  type Round,
  type Verdict,
} from '@lethe/contracts';
import { openDataset, openTrainingManifest, sampleReader } from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import { decodeModel } from '@lethe/models';
import { countRight } from './count-right.ts';
import type { RoundRecord } from './demo-record.ts';

/**
 * Reads a model's lineage back and measures, with the weights of each candidate, what it still
 * knows of its own forget set and of those of all rounds promoted before it.
 */
export async function measureLineage(
  lineage: LineageStore,
  modelKey: ModelKey,
  onProgress: (done: number, total: number) => void,
): Promise<RoundRecord[]> {
  const registration = (await lineage.registration(modelKey))?.record;
  if (registration === undefined) throw new LetheError('not_found', `no model ${modelKey}`);
  const entries = await readEntries(lineage, modelKey);
  await using judge = await openForgetJudge(lineage, registration);

  const records: RoundRecord[] = [];
  const earlier: number[] = [];
  for (const [index, { sequence, round, verdict, promoted }] of entries.entries()) {
    onProgress(index, entries.length);
    const rows = round.parts.flatMap((part) => part.rows);
    const [now, before] = await judge(round.weightsDigest as Digest, [rows, earlier]);
    records.push({
      sequence,
      method: describeMethod(round),
      ladderStep: round.ladderStep,
      requests: round.parts.length,
      images: rows.length,
      promoted,
      reasons: failedChecks(verdict),
      forgetAccuracy: now ?? Number.NaN,
      forgetAccuracyEarlier: earlier.length > 0 ? before : undefined,
      heldOutAccuracy: heldOutAccuracy(verdict),
      seconds: round.metrics?.seconds ?? Number.NaN,
    });
    if (promoted) earlier.push(...rows);
  }
  return records;
}

interface Entry {
  readonly sequence: number;
  readonly round: Round;
  readonly verdict: Verdict;
  readonly promoted: boolean;
}

async function readEntries(lineage: LineageStore, modelKey: ModelKey): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let sequence = 1; ; sequence++) {
    const manifest = await lineage.manifest(modelKey, sequence);
    if (manifest === undefined) return entries;
    const entry = manifest.record.entry;
    const verdict = await lineage.verdict(modelKey, sequence);
    const decision = await lineage.decision(modelKey, sequence);
    if (entry?.$case !== 'round' || verdict === undefined) continue;
    entries.push({
      sequence,
      round: entry.value,
      verdict: verdict.record,
      promoted: decision?.record.promoted === true,
    });
  }
}

type ForgetJudge = ((
  weightsDigest: Digest,
  rowSets: readonly (readonly number[])[],
) => Promise<(number | undefined)[]>) &
  AsyncDisposable;

/** Accuracy of given weights over rows of the training data. */
async function openForgetJudge(
  lineage: LineageStore,
  registration: ModelRegistration,
): Promise<ForgetJudge> {
  const { blobs } = lineage;
  const topology = await blobs.get(registration.topologyDigest as Digest);
  const dataset = await openDataset(registration.trainingData ?? missing('training data'));
  const manifest = openTrainingManifest(
    await blobs.file(registration.trainingManifestDigest as Digest),
  );
  const reader = sampleReader(dataset, manifest);
  const judge = async (weightsDigest: Digest, rowSets: readonly (readonly number[])[]) => {
    const classifier = await decodeModel(
      topology,
      await blobs.get(weightsDigest),
      registration.preprocessing,
    );
    const accuracies: (number | undefined)[] = [];
    for (const rows of rowSets) {
      if (rows.length === 0) {
        accuracies.push(undefined);
        continue;
      }
      accuracies.push((await countRight(classifier, await reader.read(rows))) / rows.length);
    }
    classifier.model.dispose();
    return accuracies;
  };
  return Object.assign(judge, {
    async [Symbol.asyncDispose]() {
      manifest[Symbol.dispose]();
      await dataset[Symbol.asyncDispose]();
    },
  });
}

/** The method, and the setting that the demo makes careless. */
function describeMethod(round: Round): string {
  const settings = JSON.parse(round.settingsJson) as Record<string, unknown>;
  return settings['retainWeight'] === 0 ? `${round.method}, retainWeight 0` : round.method;
}

function heldOutAccuracy(verdict: Verdict): number {
  const check = verdict.checks.find((each) => each.name === 'held_out_accuracy.vs_original');
  return check?.observed ?? Number.NaN;
}

function failedChecks(verdict: Verdict): string[] {
  return verdict.checks
    .filter(({ outcome, advisory }) => outcome !== Outcome.OUTCOME_PASS && !advisory)
    .map((check) => check.explanation);
}

function missing(what: string): never {
  throw new LetheError('corrupt', `the registration has no ${what}`);
}
