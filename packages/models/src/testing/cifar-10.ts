/** The real CIFAR-10 images and weights that the project is measured on; not part of it. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Classifier } from '../classifier.ts';
import { logits, predictedClasses } from '../logits.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const dataDir = path.resolve(root, process.env['LETHE_DATA_DIR'] ?? '../shared/data');
const testImages = path.join(dataDir, 'cifar-10-batches-bin/test_batch_9980.bin');

export const weightFile = (name: string) => path.join(dataDir, 'weights', name);

/** For `describe.skipIf`: is there a file of weights, and are there images to try it on? */
export const isAbsent = (name: string) => !existsSync(weightFile(name)) || !existsSync(testImages);

/** Title of a suite that says why it may be skipped. */
export const onRealImages = (title: string) =>
  `${title} on 9,980 of 10,000 CIFAR-10 test images (skipped without LETHE_DATA_DIR)`;

const imageCount = 9980;
const pixels = 1024;

/** Images as [n, 32, 32, 3] pixels in [0, 1], and their labels. */
async function readImages(from: number, to: number) {
  const file = await open(testImages);
  const count = to - from;
  const size = 1 + 3 * pixels;
  const { buffer: records } = await file.read(
    Buffer.alloc(count * size),
    0,
    count * size,
    from * size,
  );
  await file.close();
  const labels = Array.from({ length: count }, (_, i) => records[i * size]!);
  const values = new Float32Array(count * 3 * pixels);
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < 3; c++) {
        values[(i * pixels + p) * 3 + c] = records[i * size + 1 + c * pixels + p]! / 255;
      }
    }
  }
  return { values, labels };
}

/** How many of the 9,980 images get their label. */
export async function countRight(classifier: Classifier): Promise<number> {
  const step = 998;
  let right = 0;
  for (let from = 0; from < imageCount; from += step) {
    const { values, labels } = await readImages(from, from + step);
    const predicted = predictedClasses(await logits(classifier, values, step), 10);
    right += labels.filter((label, i) => predicted[i] === label).length;
  }
  return right;
}

/** Greatest difference of two classifiers' logits for the first images, over the greatest logit. */
export async function logitDifference(a: Classifier, b: Classifier): Promise<number> {
  const { values } = await readImages(0, 64);
  const [first, second] = [await logits(a, values, 64), await logits(b, values, 64)];
  const differences = first.map((value, i) => Math.abs(value - second[i]!));
  return Math.max(...differences) / Math.max(...first.map(Math.abs));
}
