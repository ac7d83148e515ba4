/**
 * A small set of pictures that Lethe draws itself, for demos and tests: every sample follows from
 * seed, split and row alone, so nothing is stored. Some training labels are wrong, so that a
 * network can only know them by heart and forgetting shows.
 */
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { Random } from '../random.ts';
import { SourceOptions, trainOrTest } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { drawPicture, pictureNames } from './synthetic-picture.ts';

const streams = { train: 1, test: 2 } as const;

/**
 * Kind `synthetic`; the path is empty. Options: `seed` (1), `classes` (8, at most 8), `side`
 * (pixels, 16), `train` and `test` (number of samples, 4000 and 2000), `noise` (standard deviation
 * of a pixel, 0.09), `mislabelled` (share of training labels that are wrong, 0.04).
 */
export async function openSynthetic(source: DatasetSource): Promise<SampleLayout> {
  const split = trainOrTest(source);
  const options = new SourceOptions(source, [
    'seed',
    'classes',
    'side',
    'train',
    'test',
    'noise',
    'mislabelled',
  ]);
  const seed = options.integer('seed', { least: 0, most: 2 ** 32 - 1 }) ?? 1;
  const classCount = options.integer('classes', { least: 2, most: pictureNames.length }) ?? 8;
  const side = options.integer('side', { least: 8, most: 256 }) ?? 16;
  const counts = {
    train: options.integer('train', { least: 1, most: 10_000_000 }) ?? 4000,
    test: options.integer('test', { least: 1, most: 10_000_000 }) ?? 2000,
  };
  const noise = options.number('noise', { least: 0, most: 1 }) ?? 0.09;
  const mislabelled = options.number('mislabelled', { least: 0, most: 1 }) ?? 0.04;

  const shapeOf = (row: number) => row % classCount;
  const labels = new Uint8Array(counts[split]);
  for (let row = 0; row < labels.length; row++) {
    const shape = shapeOf(row);
    const random = new Random(seed, streams[split], row, 1);
    const wrong = split === 'train' && random.uniform() < mislabelled;
    labels[row] = wrong ? (shape + 1 + random.below(classCount - 1)) % classCount : shape;
  }
  const draw = (row: number) =>
    drawPicture(shapeOf(row), new Random(seed, streams[split], row, 0), { side, noise });
  const sampleLength = side * side * 3;

  return {
    shape: [side, side, 3],
    classNames: pictureNames.slice(0, classCount),
    isImage: true,
    labels,
    sampleId: (row) => `${split}/${row}`,
    sampleBytes: async (rows) => Array.from(rows, draw),
    decode(sample, into) {
      if (sample.length !== sampleLength) {
        throw new LetheError(
          'corrupt',
          `a sample of this set has ${sampleLength} bytes, this one ${sample.length}`,
        );
      }
      for (let i = 0; i < sampleLength; i++) into[i] = sample[i]! / 255;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
