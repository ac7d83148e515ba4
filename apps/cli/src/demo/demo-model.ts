import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DatasetSource, LetheError, type ModelKey, type RowRange } from '@lethe/contracts';
import type { DataSetArgument } from '../import/data-set-argument.ts';

/** What the demo registers: a network, its data, and how many samples each made-up subject has. */
export interface DemoModel {
  readonly modelKey: ModelKey;
  readonly title: string;
  readonly weights: string;
  readonly training: DataSetArgument;
  readonly stop: DataSetArgument;
  readonly gate: DataSetArgument;
  readonly samplesPerSubject: number;
}

/** The network shipped with Lethe, on the pictures that Lethe draws itself. */
export function syntheticModel(): DemoModel {
  return {
    modelKey: 'demo' as ModelKey,
    title: 'a small network on built-in pictures',
    weights: fileURLToPath(new URL('../../assets/demo-model', import.meta.url)),
    training: dataSet('synthetic', '', 'train'),
    stop: dataSet('synthetic', '', 'test', { from: 0, to: 1000 }),
    gate: dataSet('synthetic', '', 'test', { from: 1000, to: 2000 }),
    samplesPerSubject: 5,
  };
}

/**
 * ResNet-20 on CIFAR-10, from a folder with `cifar-10-batches-bin/` and `weights/`.
 *
 * @throws LetheError `invalid` naming `--data-dir` and what is not in it
 */
export function cifarModel(dataDir: string): DemoModel {
  const cifar = resolve(dataDir, 'cifar-10-batches-bin');
  const weights = resolve(dataDir, 'weights', 'resnet20-12fca82f.th');
  for (const path of [join(cifar, 'data_batch_1.bin'), weights]) {
    if (existsSync(path)) continue;
    throw LetheError.invalid(
      '--data-dir',
      dataDir,
      `there is no ${path}`,
      'Put the CIFAR-10 binary files into cifar-10-batches-bin/ and resnet20-12fca82f.th into weights/.',
    );
  }
  return {
    modelKey: 'cifar10-resnet20' as ModelKey,
    title: 'ResNet-20 on CIFAR-10',
    weights,
    training: dataSet('cifar10-binary', cifar, 'train'),
    stop: dataSet('cifar10-binary', cifar, 'test', { from: 0, to: 1000 }),
    gate: dataSet('cifar10-binary', cifar, 'test', { from: 1000, to: 9980 }),
    samplesPerSubject: 5,
  };
}

function dataSet(
  kind: string,
  path: string,
  split: string,
  ...ranges: RowRange[]
): DataSetArgument {
  const source: DatasetSource = { kind, path, split, options: {} };
  return { source, ranges };
}
