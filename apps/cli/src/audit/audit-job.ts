/** Runs in a compute process: one member of an audit's ensembles. Reads the whole training set into memory. */
import type { JobContext } from '@lethe/compute';
import type { DatasetSource, RowRange } from '@lethe/contracts';
import { openDataset, openTrainingManifest, rowsOfRanges, sampleReader } from '@lethe/datasets';
import { decodeModel, type Preprocessing, weightsOf } from '@lethe/models';
import { joinSamples, type LabelledSamples } from '@lethe/unlearning';
import { type AuditMember, type AuditProgress, auditMember } from '@lethe/unlearning/audit';

export interface AuditSet {
  readonly source: DatasetSource;
  readonly ranges: readonly RowRange[];
}

export interface AuditInput {
  readonly topology: Uint8Array;
  readonly original: Uint8Array;
  readonly served: Uint8Array;
  readonly preprocessing: Preprocessing;
  readonly training: { readonly source: DatasetSource; readonly manifestFile: string };
  /** Rows that each promoted round forgot, oldest round first. */
  readonly rounds: readonly Uint32Array[];
  readonly stop: readonly AuditSet[];
  readonly gate: readonly AuditSet[];
  readonly epochs: number;
  readonly augment: string;
  readonly seed: number;
  /** A member that was finished before. */
  readonly earlier?: AuditMember | undefined;
}

export async function run(
  { topology, ...input }: AuditInput,
  { report, signal }: JobContext<AuditProgress>,
): Promise<AuditMember> {
  const classifier = await decodeModel(topology, input.original, input.preprocessing);
  try {
    await using training = await openDataset(input.training.source);
    using manifest = openTrainingManifest(input.training.manifestFile);
    const reader = sampleReader(training, manifest);
    const forgotten = [...new Set(input.rounds.flatMap((rows) => [...rows]))];
    const gone = new Set(forgotten);
    const kept = Array.from({ length: manifest.size }, (_, row) => row).filter((r) => !gone.has(r));
    const rounds: LabelledSamples[] = [];
    for (const rows of input.rounds) rounds.push(await reader.read(rows));
    const task = {
      network: { ...classifier, isImage: training.isImage },
      original: weightsOf(input.original, topology),
      served: weightsOf(input.served, topology),
      rounds,
      forget: await reader.read(forgotten),
      retain: await reader.read(kept),
      heldOut: await readSets(input.stop),
      test: await readSets(input.gate),
      epochs: input.epochs,
      augment: input.augment,
      seed: input.seed,
    };
    return await auditMember(task, { report, signal }, input.earlier);
  } finally {
    classifier.model.dispose();
  }
}

async function readSets(sets: readonly AuditSet[]): Promise<LabelledSamples> {
  const parts: LabelledSamples[] = [];
  for (const { source, ranges } of sets) {
    await using dataset = await openDataset(source);
    parts.push(await dataset.read(rowsOfRanges([...ranges], dataset.size)));
  }
  return joinSamples(parts);
}
