import { existsSync } from 'node:fs';
import { openBackend } from '@lethe/compute';
import { LetheError, Mode, ModelRegistration, parseModelKey } from '@lethe/contracts';
import type { SubjectsInput } from '@lethe/datasets';
import { LineageStore } from '@lethe/lineage';
import { BlobStore } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { makeWritable } from '../embedded/home-folder.ts';
import { homeLayout } from '../embedded/home-layout.ts';
import { parseDataSetArgument } from '../import/data-set-argument.ts';
import { importModel } from '../import/import-model.ts';
import { loadNetwork } from '../import/load-network.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { modeName, parseMode } from '../output/names.ts';
import { openStoreOf } from '../store-of.ts';

interface ImportOptions {
  readonly weights: string;
  readonly train: string;
  readonly stop?: string;
  readonly gate: string;
  readonly subjects?: string;
  readonly subjectsPer?: number;
  readonly mode?: string;
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly keepBatchNorm?: boolean;
  readonly leaveOutDuplicates?: boolean;
  readonly store?: string;
  readonly backend: string;
}

export const run: CommandFunction<ImportOptions> = async (options, out, key = '') => {
  const modelKey = parseModelKey(key, 'model-key');
  const training = parseDataSetArgument('--train', options.train);
  const stop = options.stop ? parseDataSetArgument('--stop', options.stop) : undefined;
  const gate = parseDataSetArgument('--gate', options.gate);
  const subjects = subjectsOf(options);
  const mode = options.mode ? parseMode(options.mode) : undefined;
  if (mode === Mode.MODE_UNTRAIN && stop === undefined) {
    throw LetheError.invalid(
      '--mode',
      options.mode,
      'needs a labelled held-out set that may steer rounds',
      'Give one with --stop, or use --mode misclassify.',
    );
  }

  await openBackend({ prefer: options.backend as 'auto' });
  const network = await loadNetwork({
    path: options.weights,
    foldBatchNorm: options.keepBatchNorm !== true,
    preprocessing: {
      ...(options.scale === undefined ? {} : { scale: options.scale }),
      ...(options.mean === undefined ? {} : { mean: options.mean }),
      ...(options.std === undefined ? {} : { std: options.std }),
    },
  });

  const layout = homeLayout(options.home);
  makeWritable(layout.root);
  await using store = await openStoreOf(options);
  const blobs = new BlobStore(store, { cacheFolder: layout.cache });
  const bar = out.progress('importing');
  const { registration, notes } = await importModel(
    {
      modelKey,
      network,
      training,
      stop,
      gate,
      subjects,
      mode,
      now: new Date(),
      duplicates: options.leaveOutDuplicates === true ? 'leave_out' : 'refuse',
      onProgress: ({ phase, done, total }) => bar.update(done, total ?? 0, phase),
    },
    new LineageStore(store, blobs),
    blobs,
  );
  bar.finish();
  for (const note of notes) out.note(`note: ${note}`);
  out.result(ModelRegistration.toJSON(registration));
  out.line(
    `${modelKey} is registered: ${registration.classCount} classes, samples ${registration.sampleShape.join('×')}, default mode ${modeName(registration.defaultMode)}, weights ${shortDigest(registration.weightsDigest)}`,
  );
  for (const set of registration.evaluationSets) {
    out.line(`  ${set.role} set: ${set.size} samples, digest ${shortDigest(set.digest)}`);
  }
  if (subjects.kind === 'none') {
    out.note(
      'note: no --subjects given: samples can be deleted by id, SHA-256 or class, not by subject.',
    );
  }
  return exitCodes.ok;
};

function subjectsOf(options: ImportOptions): SubjectsInput {
  if (options.subjects !== undefined && options.subjectsPer !== undefined) {
    throw LetheError.invalid(
      '--subjects-per',
      options.subjectsPer,
      'cannot be used with --subjects',
      'Give one of the two.',
    );
  }
  if (options.subjects !== undefined && !existsSync(options.subjects)) {
    throw LetheError.invalid('--subjects', options.subjects, 'does not exist', 'Check the path.');
  }
  if (options.subjects !== undefined) return { kind: 'file', file: options.subjects };
  if (options.subjectsPer !== undefined) return { kind: 'each', samples: options.subjectsPer };
  return { kind: 'none' };
}
