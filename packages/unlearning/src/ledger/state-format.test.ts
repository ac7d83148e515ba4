import { describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import { decodeState, encodeState, stateSizeBytes } from './state-format.ts';

const ledger: Ledger = {
  rounds: 3,
  samples: 96,
  importance: Float32Array.of(0, 1.5, 3e-7),
};

/** The state with some of its header's text replaced by text of the same length. */
function altered(from: string, to: string): Uint8Array {
  const bytes = encodeState(ledger);
  const text = new TextDecoder('latin1').decode(bytes);
  bytes.set(new TextEncoder().encode(to), text.indexOf(from));
  return bytes;
}

describe('the state format', () => {
  it('gives back what was put in', () => {
    expect(decodeState(encodeState(ledger), 3)).toEqual(ledger);
  });

  it('is as long after many rounds as after the first', () => {
    const later = { ...ledger, rounds: 2 ** 40, samples: 2 ** 50 };
    expect(encodeState(later)).toHaveLength(stateSizeBytes(3));
    expect(encodeState(ledger)).toHaveLength(stateSizeBytes(3));
    expect(decodeState(encodeState(later), 3).rounds).toBe(2 ** 40);
  });

  it('has room in its header for the largest counters and networks', () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const bytes = encodeState({ ...ledger, rounds: largest, samples: largest });
    expect(decodeState(bytes, 3).samples).toBe(largest);
  });

  it('is laid out as a safetensors file', () => {
    const bytes = encodeState(ledger);
    const view = new DataView(bytes.buffer);
    const headerBytes = Number(view.getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(header.importance).toEqual({ dtype: 'F32', shape: [3], data_offsets: [0, 12] });
    expect(view.getFloat32(8 + headerBytes + 4, true)).toBe(1.5);
  });

  it('reads what version 1 wrote, to the byte, and still writes it', () => {
    const header =
      '{"__metadata__":{"format":"lethe-unlearning-state","version":"1","rounds":"3","samples":"96"},' +
      '"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}';
    // 0, 1.5 and 3e-7 as float32, little-endian.
    const floats = [0, 0, 0, 0, 0, 0, 0xc0, 0x3f, 0xb0, 0x0f, 0xa1, 0x34];
    const kept = Buffer.concat([
      Buffer.from([0xf8, 1, 0, 0, 0, 0, 0, 0]),
      Buffer.from(header.padEnd(504)),
      Buffer.from(floats),
    ]);
    expect(decodeState(kept, 3)).toEqual(ledger);
    expect(Buffer.from(encodeState(ledger)).equals(kept)).toBe(true);
  });

  it('is read from any offset in memory', () => {
    const shifted = new Uint8Array(stateSizeBytes(3) + 1);
    shifted.set(encodeState(ledger), 1);
    expect(decodeState(shifted.subarray(1), 3)).toEqual(ledger);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'corrupt', /only 0 bytes/],
    ['text', new TextEncoder().encode('x'.repeat(600)), 'corrupt', /header cannot be read/],
    ['a cut file', encodeState(ledger).slice(0, -4), 'corrupt', /520 bytes, a network with 3/],
    [
      'another format',
      altered('lethe-unlearning-state', 'lethe-unlearning-stats'),
      'corrupt',
      /format/,
    ],
    ['a newer version', altered('"version":"1"', '"version":"9"'), 'precondition', /version 9/],
    ['a wrong counter', altered('"rounds":"3"', '"rounds":"x"'), 'corrupt', /counter is x/],
  ])('refuses %s', (_name, bytes, code, message) => {
    expect(() => decodeState(bytes, 3)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeState(bytes, 3)).toThrow(message);
  });

  it('refuses the state of another network', () => {
    expect(() => decodeState(encodeState(ledger), 4)).toThrow(/another network/);
  });

  it('refuses numbers that are not finite', () => {
    const broken = encodeState({ ...ledger, importance: Float32Array.of(1, Number.NaN, 1) });
    expect(() => decodeState(broken, 3)).toThrow(/not finite/);
  });
});
