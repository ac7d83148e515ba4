import type { HrTime } from '@opentelemetry/api';

/** Longest text whose bytes, three a unit at most, have a length of one byte. */
const shortText = 42;
const two32 = 2 ** 32;

/**
 * Protobuf's wire format (protobuf.dev/programming-guides/encoding), written in one pass. Fields
 * are named by their tag, `number << 3 | wire type`, below 2¹⁴.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #end = 0;

  /** A copy of what was written; the next message begins. */
  take(): Uint8Array {
    const written = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#end);
    this.#end = 0;
    return written;
  }

  /** @param value a whole number, −2⁵³ … 2⁵³ */
  varint(tag: number, value: number): void {
    this.#reserve(12);
    this.#tag(tag);
    this.#varint(value);
  }

  double(tag: number, value: number): void {
    this.#reserve(10);
    this.#tag(tag);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
  }

  fixed32(tag: number, value: number): void {
    this.#reserve(6);
    this.#tag(tag);
    this.#end = this.#bytes.writeUInt32LE(value, this.#end);
  }

  /** Nanoseconds since 1970 as fixed64, of seconds and nanoseconds. */
  nanoseconds(tag: number, [seconds, nanoseconds]: HrTime): void {
    // Both parts stay below 2⁵³: seconds · 10⁹ = upper · 2¹⁶ + lower.
    const upper = Math.floor(seconds / 65_536) * 1e9;
    const lower = (seconds % 65_536) * 1e9 + nanoseconds;
    const low = (upper % 65_536) * 65_536 + (lower % two32);
    const high = Math.floor(upper / 65_536) + Math.floor(lower / two32) + Math.floor(low / two32);
    this.#reserve(10);
    this.#tag(tag);
    this.#end = this.#bytes.writeUInt32LE(low % two32, this.#end);
    this.#end = this.#bytes.writeUInt32LE(high % two32, this.#end);
  }

  text(tag: number, text: string): void {
    this.#reserve(text.length * 3 + 12);
    this.#tag(tag);
    if (text.length > shortText) {
      this.#varint(Buffer.byteLength(text));
      this.#end += this.#bytes.write(text, this.#end);
      return;
    }
    const lengthAt = this.#end++;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#end = lengthAt + 1;
        this.#end += this.#bytes.write(text, this.#end);
        break;
      }
      this.#bytes[this.#end++] = code;
    }
    this.#bytes[lengthAt] = this.#end - lengthAt - 1;
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#reserve(value.length + 12);
    this.#tag(tag);
    this.#varint(value.length);
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
  }

  /** Bytes given in hexadecimal digits, at most 127. */
  hex(tag: number, digits: string): void {
    this.#reserve(digits.length + 4);
    this.#tag(tag);
    this.#bytes[this.#end++] = digits.length / 2;
    this.#end += this.#bytes.write(digits, this.#end, 'hex');
  }

  /** Begins a message inside this one. @returns what {@link end} wants */
  begin(tag: number): number {
    this.#reserve(12);
    this.#tag(tag);
    // One byte for its length: most are short.
    return ++this.#end;
  }

  end(start: number): void {
    const length = this.#end - start;
    if (length < 128) {
      this.#bytes[start - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) more += 1;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#end);
    this.#end = start - 1;
    this.#varint(length);
    this.#end += length;
  }

  #tag(tag: number): void {
    if (tag > 127) {
      this.#bytes[this.#end++] = (tag & 127) | 128;
      this.#bytes[this.#end++] = tag >> 7;
    } else this.#bytes[this.#end++] = tag;
  }

  #varint(value: number): void {
    if (value < 0) {
      // Two's complement of 64 bits, as protobuf wants it.
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) this.#bytes[this.#end++] = Number(rest & 127n) | 128;
      this.#bytes[this.#end++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#end++] = (rest % 128) | 128;
    this.#bytes[this.#end++] = rest;
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + more));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
