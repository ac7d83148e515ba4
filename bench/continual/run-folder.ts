/**
 * A run that may be stopped at any time. The folder holds what the run was started with, one line
 * of figures a round, and the weights and state after the last round. A round counts once its
 * line is there; weights are written before it, under the round's own name.
 */
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { readIfThere } from '../unlearning/read-if-there.ts';
import { writeWhole } from '../unlearning/write-whole.ts';

/** What the next round starts from. */
export interface Position {
  readonly weights: readonly Float32Array[];
  readonly state: Uint8Array | undefined;
}

export class RunFolder<Row> {
  readonly #folder: string;
  readonly rows: Row[];
  /** After the last row; `undefined` when there is none. */
  readonly position: Position | undefined;

  private constructor(folder: string, rows: Row[], position: Position | undefined) {
    this.#folder = folder;
    this.rows = rows;
    this.position = position;
  }

  /**
   * @param settings what makes two runs the same, as JSON
   * @param sizes lengths of the weights
   * @throws LetheError `invalid` when the folder holds another run
   */
  static async open<Row>(
    folder: string,
    settings: string,
    sizes: readonly number[],
  ): Promise<RunFolder<Row>> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'run.json');
    const started = readIfThere(path);
    if (started !== undefined && started !== settings) {
      throw LetheError.invalid(
        '--resume',
        folder,
        `holds another run (${started})`,
        'Name another folder.',
      );
    }
    if (started === undefined) writeWhole(path, settings);
    const text = readIfThere(join(folder, 'rounds.jsonl')) ?? '';
    // A line that was cut off by a stop has no end, and does not count.
    const lines = text.split('\n').slice(0, -1);
    writeWhole(join(folder, 'rounds.jsonl'), lines.map((line) => `${line}\n`).join(''));
    const rows = lines.map((line) => JSON.parse(line) as Row);
    const position =
      rows.length === 0
        ? undefined
        : decodePosition(await readFile(join(folder, nameOf(rows.length))), sizes);
    return new RunFolder(folder, rows, position);
  }

  async add(row: Row, position: Position): Promise<void> {
    const count = this.rows.length + 1;
    writeWhole(join(this.#folder, nameOf(count)), encodePosition(position));
    await appendFile(join(this.#folder, 'rounds.jsonl'), `${JSON.stringify(row)}\n`);
    this.rows.push(row);
    await rm(join(this.#folder, nameOf(count - 1)), { force: true });
  }
}

function nameOf(rounds: number): string {
  return `after-${rounds}.bin`;
}

function encodePosition({ weights, state }: Position): Uint8Array {
  const parts = weights.map((w) => new Uint8Array(w.buffer, w.byteOffset, w.byteLength));
  return Buffer.concat([...parts, state ?? new Uint8Array(0)]);
}

function decodePosition(bytes: Uint8Array, sizes: readonly number[]): Position {
  let at = 0;
  const weights = sizes.map((size) => {
    const part = Uint8Array.from(bytes.subarray(at, at + 4 * size));
    at += 4 * size;
    return new Float32Array(part.buffer);
  });
  return { weights, state: at === bytes.length ? undefined : Uint8Array.from(bytes.subarray(at)) };
}
