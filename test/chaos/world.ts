import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mode, ModelRegistration, sha256 } from '@lethe/contracts';
import { buildTrainingManifest } from '@lethe/datasets';
import { LineageStore } from '@lethe/lineage';
import { BlobStore, type ObjectStore } from '@lethe/store';
import type { AcceptedRequest } from './checker/observed.ts';

const classCount = 10;
const rowsPerSubject = 3;
/** Every so many subjects have more rows than one round takes: their requests are split. */
const bigSubjectEvery = 40;
const rowsOfBigSubject = 150;

/** What the run is about: models, and requests that name each of their subjects once. */
export interface World {
  readonly modelKeys: readonly string[];
  readonly requests: readonly PlannedRequest[];
}

/** A request as an emitter would send it, with the rows it stands for. */
export interface PlannedRequest extends AcceptedRequest {
  readonly subject: string;
}

/** A request as ingest takes it over HTTP. @param submittedTime RFC 3339 */
export function wireRequest(
  { requestId, emitter, modelKey, subject }: PlannedRequest,
  submittedTime: string,
) {
  return {
    request_id: requestId,
    emitter,
    model_key: modelKey,
    scope: { subject },
    submitted_time: submittedTime,
  };
}

/** @param idOf gives request n its id: from the seed, so that a run can be repeated */
export function planWorld(
  requestCount: number,
  modelCount: number,
  idOf: (index: number) => string,
): World {
  const modelKeys = Array.from({ length: modelCount }, (_, index) => `chaos-${index + 1}`);
  const requests = Array.from({ length: requestCount }, (_, index): PlannedRequest => {
    const subject = Math.floor(index / modelCount);
    return {
      requestId: idOf(index),
      emitter: `shop-${(index % 3) + 1}`,
      modelKey: modelKeys[index % modelCount]!,
      subject: `subject-${subject}`,
      rows: rowsOfSubject(subject),
    };
  });
  return { modelKeys, requests };
}

/** Registers the models: weights and data that nobody reads, and a real training manifest. */
export async function registerModels(
  store: ObjectStore,
  { modelKeys, requests }: World,
  scratch: string,
): Promise<void> {
  const folder = await mkdtemp(join(scratch, 'register-'));
  const lineages = new LineageStore(store, new BlobStore(store));
  const manifestFile = join(folder, 'manifest.sqlite');
  const subjects = Math.ceil(requests.length / modelKeys.length);
  await buildTrainingManifest(manifestFile, entries(subjects), { classCount });
  const set = (role: string) => ({
    name: role,
    role,
    source: { kind: 'synthetic', path: '', split: role, options: {} },
    ranges: [{ from: 0, to: 100 }],
    digest: sha256(role),
    size: 100,
  });
  for (const modelKey of modelKeys) {
    await lineages.register(
      ModelRegistration.fromPartial({
        modelKey,
        topologyDigest: await lineages.blobs.put(Buffer.from('{"chaos":"topology"}')),
        weightsDigest: await lineages.blobs.put(Buffer.alloc(16 * 1024, modelKey)),
        trainingManifestDigest: await lineages.blobs.put({ file: manifestFile }),
        trainingData: { kind: 'synthetic', path: '', split: 'train', options: {} },
        evaluationSets: [set('stop'), set('gate')],
        preprocessing: { scale: 1, mean: [0], std: [1] },
        output: 'logits',
        classCount,
        defaultMode: Mode.MODE_UNTRAIN,
        registeredTime: new Date(),
        sampleShape: [2, 2, 1],
      }),
    );
  }
  await rm(folder, { recursive: true });
}

function* entries(subjects: number) {
  for (let subject = 0; subject < subjects; subject++) {
    for (const row of rowsOfSubject(subject)) {
      yield {
        row,
        sampleId: `sample-${row}`,
        sha256: sha256(`bytes of ${row}`),
        label: row % classCount,
        subject: `subject-${subject}`,
      };
    }
  }
}

function rowsOfSubject(subject: number): number[] {
  const bigBefore = Math.ceil(subject / bigSubjectEvery);
  const first = subject * rowsPerSubject + bigBefore * (rowsOfBigSubject - rowsPerSubject);
  const count = subject % bigSubjectEvery === 0 ? rowsOfBigSubject : rowsPerSubject;
  return Array.from({ length: count }, (_, index) => first + index);
}
