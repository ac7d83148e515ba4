import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canonicalJson,
  LetheError,
  Mode,
  type ModelKey,
  ModelRegistration,
} from '@lethe/contracts';
import {
  type Dataset,
  type DuplicateRule,
  type ImportProgress,
  openDataset,
  prepareImport,
  type SubjectsInput,
} from '@lethe/datasets';
import type { LineageStore } from '@lethe/lineage';
import { type Classifier, encodeTopology, encodeWeights } from '@lethe/models';
import { ResourceStack } from '@lethe/service-kit';
import type { BlobStore } from '@lethe/store';
import type { DataSetArgument } from './data-set-argument.ts';

export interface ImportRequest {
  readonly modelKey: ModelKey;
  readonly network: Classifier;
  readonly training: DataSetArgument;
  readonly stop: DataSetArgument | undefined;
  readonly gate: DataSetArgument;
  readonly subjects: SubjectsInput;
  /** What to do with evaluation samples that were trained on or have two roles. */
  readonly duplicates: DuplicateRule;
  /** `undefined`: untrain where there is a stop set, misclassify elsewhere. */
  readonly mode: Mode | undefined;
  readonly now: Date;
  readonly onProgress: (progress: ImportProgress) => void;
}

export interface ImportResult {
  readonly registration: ModelRegistration;
  /** Things the user should know, for example samples left out of an evaluation set. */
  readonly notes: readonly string[];
}

/** Checks everything, then writes blobs, then the registration: half an import is never visible. */
export async function importModel(
  request: ImportRequest,
  lineage: LineageStore,
  blobs: BlobStore,
): Promise<ImportResult> {
  const { network, modelKey } = request;
  const folder = await mkdtemp(join(tmpdir(), 'lethe-import-'));
  await using stack = new ResourceStack();
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  stack.defer(async () => {
    await rm(folder, { recursive: true, force: true });
    process.off('exit', removeAtExit);
  });

  const open = async (argument: DataSetArgument, option: string): Promise<Dataset> => {
    const dataset = stack.use(await openNamed(argument, option));
    checkFits(dataset, network, option);
    checkRanges(argument, dataset, option);
    return dataset;
  };
  const training = await open(request.training, '--train');
  if (request.training.ranges.length > 0) {
    throw LetheError.invalid(
      '--train rows',
      request.training.ranges.length,
      'a training set is registered whole',
      'Leave rows= out.',
    );
  }
  const sets = [];
  for (const [role, argument] of [
    ['stop', request.stop],
    ['gate', request.gate],
  ] as const) {
    if (argument === undefined) continue;
    const dataset = await open(argument, `--${role}`);
    sets.push({ name: role, role, source: argument.source, dataset, ranges: [...argument.ranges] });
  }

  const manifestFile = join(folder, 'training-manifest.sqlite');
  const evaluationIndexFile = join(folder, 'evaluation-index.sqlite');
  const prepared = await prepareImport({
    training,
    manifestFile,
    evaluationIndexFile,
    subjects: request.subjects,
    evaluationSets: sets,
    duplicates: request.duplicates,
    onProgress: request.onProgress,
  });

  const existing = (await lineage.registration(modelKey))?.record;
  const registration = ModelRegistration.create({
    modelKey,
    topologyDigest: await blobs.put(encodeTopology(network.model)),
    weightsDigest: await blobs.put(await encodeWeights(network.model)),
    trainingManifestDigest: await blobs.put({ file: manifestFile }),
    trainingData: request.training.source,
    evaluationSets: prepared.evaluationSets,
    preprocessing: {
      scale: network.preprocessing.scale,
      mean: [...network.preprocessing.mean],
      std: [...network.preprocessing.std],
    },
    output: 'logits',
    classCount: network.classCount,
    classNames: [...training.classNames],
    defaultMode: request.mode ?? (request.stop ? Mode.MODE_UNTRAIN : Mode.MODE_MISCLASSIFY),
    registeredTime: request.now,
    sampleShape: [...network.sampleShape],
    evaluationIndexDigest: await blobs.put({ file: evaluationIndexFile }),
  });
  if (existing !== undefined && isTheSame(existing, registration)) {
    return {
      registration: existing,
      notes: [...prepared.notes, `${modelKey} was registered like this before`],
    };
  }
  await lineage.register(registration);
  return { registration, notes: prepared.notes };
}

/** But for the time, and an index that older versions did not write. */
function isTheSame(existing: ModelRegistration, registration: ModelRegistration): boolean {
  const { evaluationIndexDigest } = existing;
  const comparable = (given: ModelRegistration) =>
    canonicalJson(ModelRegistration.toJSON({ ...given, registeredTime: undefined }));
  return comparable(existing) === comparable({ ...registration, evaluationIndexDigest });
}

/** Opens a data set; what is wrong with it is told with the option that named it. */
async function openNamed({ source }: DataSetArgument, option: string): Promise<Dataset> {
  try {
    return await openDataset(source);
  } catch (thrown) {
    const { code, message, violations } = LetheError.from(thrown);
    throw new LetheError(code === 'not_found' ? 'invalid' : code, `${option}: ${message}`, {
      violations: violations.map((each) => ({ ...each, field: `${option} ${each.field}` })),
      cause: thrown,
    });
  }
}

function checkRanges({ ranges }: DataSetArgument, dataset: Dataset, option: string): void {
  for (const { from, to } of ranges) {
    if (to <= dataset.size) continue;
    throw LetheError.invalid(
      `${option} rows`,
      `${from}-${to}`,
      `goes beyond the ${dataset.size} rows of the data set`,
      'Write FROM-TO with TO at most the number of rows.',
    );
  }
}

function checkFits(dataset: Dataset, network: Classifier, option: string): void {
  const given = dataset.shape.join('×');
  const wanted = network.sampleShape.join('×');
  if (given !== wanted) {
    throw LetheError.invalid(
      option,
      given,
      `samples are ${given}, the network takes ${wanted}`,
      'Give the data the network was trained on.',
    );
  }
  if (dataset.classCount > network.classCount) {
    throw LetheError.invalid(
      option,
      dataset.classCount,
      `the data has ${dataset.classCount} classes, the network ${network.classCount}`,
      'Give the data the network was trained on.',
    );
  }
}
