import type * as tf from '@tensorflow/tfjs';
import { floatsOf, type WasmBackend } from './wasm-runtime.ts';

/** A tensor [..., columns] as a matrix. */
export function asRows(shape: readonly number[]): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: shape.slice(0, -1).reduce((product, length) => product * length, 1), columns };
}

/** A scratch vector of one value per column, on the backend's heap. */
export function columnVector(
  backend: WasmBackend,
  columns: number,
  valueAt: (column: number) => number,
): tf.TensorInfo {
  const vector = backend.makeOutput([columns], 'float32');
  const values = floatsOf(backend, vector);
  for (let column = 0; column < columns; column++) values[column] = valueAt(column);
  return vector;
}
