import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetSource } from '@lethe/contracts';
import { seededRandom } from './seeded-random.ts';

const side = 8;
const classCount = 4;
const sizes = { train: 240, test: 900 } as const;
/** Standard deviation of a pixel, in grey levels: classes overlap, so that there is something to know by heart. */
const noise = 80;

/** Writes grey 8 × 8 pictures of four classes as idx files: a pattern per class, and much noise. */
export async function writeTinyPictures(folder: string): Promise<void> {
  const pattern = seededRandom(1);
  const patterns = Array.from({ length: classCount }, () =>
    Array.from({ length: side * side }, () => 128 + 110 * (pattern() - 0.5)),
  );
  for (const [split, prefix] of [
    ['train', 'train'],
    ['test', 't10k'],
  ] as const) {
    const size = sizes[split];
    const random = seededRandom(split === 'train' ? 2 : 3);
    const images = Buffer.alloc(16 + size * side * side);
    for (const [index, value] of [0x803, size, side, side].entries()) {
      images.writeInt32BE(value, 4 * index);
    }
    const labels = Buffer.alloc(8 + size);
    labels.writeInt32BE(0x801, 0);
    labels.writeInt32BE(size, 4);
    for (let row = 0; row < size; row++) {
      const label = row % classCount;
      labels[8 + row] = label;
      for (const [pixel, mean] of (patterns[label] ?? []).entries()) {
        const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
        images[16 + row * side * side + pixel] = Math.max(0, Math.min(255, mean + noise * normal));
      }
    }
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), images);
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), labels);
  }
}

/** Where {@link writeTinyPictures} put a split: 240 for training, 900 for tests. */
export function tinyPictures(folder: string, split: 'train' | 'test'): DatasetSource {
  return { kind: 'mnist-idx', path: folder, split, options: { classes: String(classCount) } };
}
