import { LetheError } from '@lethe/contracts';

const firstBytes = 64 * 1024;

/** What has been decompressed so far, from which LZ4 and Snappy copy. */
export class Decompressed {
  readonly #limitBytes: number;
  #space = Buffer.allocUnsafe(firstBytes);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): Buffer {
    return this.#space.subarray(0, this.#length);
  }

  /** @throws LetheError `corrupt` where `source` ends before, `capacity` beyond the limit */
  append(source: Buffer, from: number, length: number): void {
    if (from + length > source.length) throw damaged();
    this.#reserve(length);
    source.copy(this.#space, this.#length, from, from + length);
    this.#length += length;
  }

  /** Repeats what lies `distance` bytes back: `length` bytes, which may be more than there are. */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#length) throw damaged();
    this.#reserve(length);
    const from = this.#length - distance;
    const end = this.#length + length;
    while (this.#length < end) {
      const run = Math.min(end, 2 * this.#length - from) - this.#length;
      this.#space.copyWithin(this.#length, from, from + run);
      this.#length += run;
    }
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed > this.#limitBytes) throw tooLarge(this.#limitBytes);
    if (needed <= this.#space.length) return;
    const space = Buffer.allocUnsafe(Math.max(needed, 2 * this.#space.length));
    this.#space.copy(space, 0, 0, this.#length);
    this.#space = space;
  }
}

export function damaged(): LetheError {
  return new LetheError('corrupt', 'a batch of records cannot be decompressed: it is damaged.');
}

export function tooLarge(limitBytes: number): LetheError {
  return new LetheError(
    'capacity',
    `a batch of records has more than ${limitBytes} bytes when it is decompressed`,
  );
}
