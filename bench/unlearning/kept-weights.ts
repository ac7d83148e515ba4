import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeWhole } from './write-whole.ts';

/**
 * The weights in a file, or new ones, which are kept there for the next time.
 *
 * @param file float32, one tensor after the other; undefined keeps nothing
 * @param like has as many tensors, of the same lengths
 */
export async function keptWeights(
  file: string | undefined,
  like: readonly Float32Array[],
  make: () => Promise<Float32Array[]>,
): Promise<Float32Array[]> {
  if (file === undefined) return make();
  if (existsSync(file)) {
    const { buffer, byteOffset, byteLength } = readFileSync(file);
    const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    let from = 0;
    return like.map(({ length }) => {
      from += length;
      return all.slice(from - length, from);
    });
  }
  const weights = await make();
  mkdirSync(dirname(file), { recursive: true });
  const bytes = weights.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  writeWhole(file, Buffer.concat(bytes));
  return weights;
}
