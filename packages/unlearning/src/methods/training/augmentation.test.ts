import { expect, it } from 'vitest';
import { Random } from '../../random.ts';
import { augmentation } from './augmentation.ts';

/** Moves go up to two pixels down and one aside. */
const images = { isImage: true, sampleShape: [16, 8, 2] };
const size = 16 * 8 * 2;
/** Every value of an image says where it is. */
const batch = (count: number) => Float32Array.from({ length: count * size }, (_, i) => i % size);

function moved(augment: string, count: number): Float32Array {
  const values = batch(count);
  augmentation(images, augment, new Random(1))(values);
  return values;
}

/** Which pixel is now in the middle, where no border comes. */
function middles(values: Float32Array) {
  return Array.from({ length: values.length / size }, (_, n) => {
    const at = values[n * size + (8 * 8 + 4) * 2] as number;
    const beside = values[n * size + (8 * 8 + 5) * 2] as number;
    const pixel = Math.floor(at / 2);
    return { row: Math.floor(pixel / 8), column: pixel % 8, mirrored: beside < at };
  });
}

const numbers = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);

it('moves images each by its own whole pixels, within an eighth of each side', () => {
  const values = moved('shift', 400);
  const seen = middles(values);
  expect(numbers(seen.map(({ row }) => row))).toEqual([6, 7, 8, 9, 10]);
  expect(numbers(seen.map(({ column }) => column))).toEqual([3, 4, 5]);
  expect(seen.some(({ mirrored }) => mirrored)).toBe(false);
  // Channels stay beside each other.
  expect(values.every((value, i) => value % 2 === i % 2)).toBe(true);
});

it('mirrors half of them where it may', () => {
  const mirrored = middles(moved('shift-and-mirror', 400)).filter((each) => each.mirrored).length;
  // 200 ± 10: five standard errors.
  expect(Math.abs(mirrored - 200)).toBeLessThan(50);
});

it('leaves them alone where nothing is asked', () => {
  expect(moved('none', 3)).toEqual(batch(3));
});

it('refuses to move what is no image, and says what to do', () => {
  const vectors = { isImage: false, sampleShape: [8] };
  expect(() => augmentation(vectors, 'shift', new Random(1))).toThrow(
    /settings\.augment = "shift".*Leave it out/,
  );
  expect(() => augmentation(vectors, 'none', new Random(1))).not.toThrow();
});
