import { describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import { decodeState, encodeState, stateSizeBytes } from './state-format.ts';

const ledger: Ledger = {
  rounds: 3,
  samples: 96,
  importance: Float32Array.of(0, 1.5, 3e-7),
  curvature: { samples: 12.5, sums: Float32Array.of(2, 4) },
  standings: {
    places: Float32Array.from({ length: 128 }, (_, i) => (i === 127 ? 8 : 0)),
    classes: Float32Array.of(8, 0),
  },
  lostClasses: Float32Array.of(0, 2),
};
const shape = { importance: 3, curvature: 2, classes: 2 };
const noneLost = new Float32Array(2);
const noStandings = { places: new Float32Array(128), classes: new Float32Array(2) };

/** The state with some of its header's text replaced by text of the same length. */
function altered(from: string, to: string): Uint8Array {
  const bytes = encodeState(ledger);
  const text = new TextDecoder('latin1').decode(bytes);
  bytes.set(new TextEncoder().encode(to), text.indexOf(from));
  return bytes;
}

/** 0, 1.5 and 3e-7 as float32, little-endian; 2 and 4 are 00000040 and 00008040. */
const importanceBytes = [0, 0, 0, 0, 0, 0, 0xc0, 0x3f, 0xb0, 0x0f, 0xa1, 0x34];

const curvatureBytes = [0, 0, 0, 0x40, 0, 0, 0x80, 0x40];

/** 127 zeros and an 8. */
const placesBytes = [...new Array(127 * 4).fill(0), 0, 0, 0, 0x41];

/** A state with this header, byte by byte. */
function stateOf(header: string, headerBytes: number, values: readonly number[]): Buffer {
  return Buffer.concat([
    Buffer.from([headerBytes % 256, headerBytes >> 8, 0, 0, 0, 0, 0, 0]),
    Buffer.from(header.padEnd(headerBytes)),
    Buffer.from(values),
  ]);
}

/** A state with all that version 5 and later ones hold. */
function stateWithLost(version: string, lost: readonly number[]): Buffer {
  const header =
    `{"__metadata__":{"format":"lethe-unlearning-state","version":"${version}","rounds":"3","samples":"96",` +
    '"curvature_samples":"12.5"},"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},' +
    '"curvature":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},' +
    '"places":{"dtype":"F32","shape":[128],"data_offsets":[20,532]},' +
    '"classes":{"dtype":"F32","shape":[2],"data_offsets":[532,540]},' +
    '"lost_classes":{"dtype":"F32","shape":[2],"data_offsets":[540,548]}}';
  const classes = [0, 0, 0, 0x41, 0, 0, 0, 0];
  const values = [...importanceBytes, ...curvatureBytes, ...placesBytes, ...classes, ...lost];
  return stateOf(header, 1016, values);
}

describe('the state format', () => {
  it('gives back what was put in', () => {
    expect(decodeState(encodeState(ledger), shape)).toEqual(ledger);
  });

  it('is as long after many rounds as after the first', () => {
    const curvature = { samples: 2 ** 40 / 3, sums: Float32Array.of(1, 2) };
    const later = { ...ledger, rounds: 2 ** 40, samples: 2 ** 50, curvature };
    expect(encodeState(later)).toHaveLength(stateSizeBytes(shape));
    expect(encodeState(ledger)).toHaveLength(stateSizeBytes(shape));
    expect(decodeState(encodeState(later), shape).rounds).toBe(2 ** 40);
  });

  it('has room in its header for the largest counters and networks', () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const bytes = encodeState({ ...ledger, rounds: largest, samples: largest });
    expect(decodeState(bytes, shape).samples).toBe(largest);
  });

  it('is laid out as a safetensors file', () => {
    const bytes = encodeState(ledger);
    const view = new DataView(bytes.buffer);
    const headerBytes = Number(view.getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(header.importance).toEqual({ dtype: 'F32', shape: [3], data_offsets: [0, 12] });
    expect(header.curvature).toEqual({ dtype: 'F32', shape: [2], data_offsets: [12, 20] });
    expect(view.getFloat32(8 + headerBytes + 4, true)).toBe(1.5);
    expect(view.getFloat32(8 + headerBytes + 16, true)).toBe(4);
  });

  it('reads what version 1 wrote, which had measured no curvature', () => {
    const header =
      '{"__metadata__":{"format":"lethe-unlearning-state","version":"1","rounds":"3","samples":"96"},' +
      '"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}';
    const kept = stateOf(header, 504, importanceBytes);
    expect(decodeState(kept, shape)).toEqual({
      ...ledger,
      curvature: { samples: 0, sums: new Float32Array(2) },
      standings: noStandings,
      lostClasses: noneLost,
    });
  });

  it('reads what version 2 wrote, which knew no standings', () => {
    const header =
      '{"__metadata__":{"format":"lethe-unlearning-state","version":"2","rounds":"3","samples":"96",' +
      '"curvature_samples":"12.5"},"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},' +
      '"curvature":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}';
    const kept = stateOf(header, 504, [...importanceBytes, ...curvatureBytes]);
    const { standings, lostClasses } = { standings: noStandings, lostClasses: noneLost };
    expect(decodeState(kept, shape)).toEqual({ ...ledger, standings, lostClasses });
  });

  it('reads what version 3 wrote, whose standings were places within classes', () => {
    const header =
      '{"__metadata__":{"format":"lethe-unlearning-state","version":"3","rounds":"3","samples":"96",' +
      '"curvature_samples":"12.5"},"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},' +
      '"curvature":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},' +
      '"standings":{"dtype":"F32","shape":[128],"data_offsets":[20,532]}}';
    const kept = stateOf(header, 760, [...importanceBytes, ...curvatureBytes, ...placesBytes]);
    const { standings, lostClasses } = { standings: noStandings, lostClasses: noneLost };
    expect(decodeState(kept, shape)).toEqual({ ...ledger, standings, lostClasses });
  });

  it('reads what version 4 wrote, in which no class was lost', () => {
    const header =
      '{"__metadata__":{"format":"lethe-unlearning-state","version":"4","rounds":"3","samples":"96",' +
      '"curvature_samples":"12.5"},"importance":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},' +
      '"curvature":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},' +
      '"places":{"dtype":"F32","shape":[128],"data_offsets":[20,532]},' +
      '"classes":{"dtype":"F32","shape":[2],"data_offsets":[532,540]}}';
    const classes = [0, 0, 0, 0x41, 0, 0, 0, 0];
    const values = [...importanceBytes, ...curvatureBytes, ...placesBytes, ...classes];
    const kept = stateOf(header, 888, values);
    expect(decodeState(kept, shape)).toEqual({ ...ledger, lostClasses: noneLost });
  });

  it('reads what version 5 wrote, in which no lost class was given another label', () => {
    const lost = [0, 0, 0, 0, 0, 0, 0x80, 0x3f];
    const kept = stateWithLost('5', lost);
    expect(decodeState(kept, shape)).toEqual({ ...ledger, lostClasses: Float32Array.of(0, 1) });
  });

  it('refuses a state whose lost classes are none', () => {
    const state = encodeState({ ...ledger, lostClasses: Float32Array.of(0, 7) });
    expect(() => decodeState(state, shape)).toThrow(/lost classes/);
  });

  it('writes version 6, to the byte', () => {
    const lost = [0, 0, 0, 0, 0, 0, 0, 0x40];
    const kept = stateWithLost('6', lost);
    expect(Buffer.from(encodeState(ledger)).equals(kept)).toBe(true);
    expect(decodeState(kept, shape)).toEqual(ledger);
  });

  it('is read from any offset in memory', () => {
    const shifted = new Uint8Array(stateSizeBytes(shape) + 1);
    shifted.set(encodeState(ledger), 1);
    expect(decodeState(shifted.subarray(1), shape)).toEqual(ledger);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'corrupt', /only 0 bytes/],
    ['text', new TextEncoder().encode('x'.repeat(2000)), 'corrupt', /header cannot be read/],
    ['a cut file', encodeState(ledger).slice(0, -4), 'corrupt', /1568 bytes, a network with 3/],
    [
      'another format',
      altered('lethe-unlearning-state', 'lethe-unlearning-stats'),
      'corrupt',
      /format/,
    ],
    ['no metadata', altered('__metadata__', '_-metadata-_'), 'corrupt', /no metadata/],
    ['a newer version', altered('"version":"6"', '"version":"9"'), 'precondition', /version 9/],
    ['a wrong weight', altered('"12.5"', '"-1.5"'), 'corrupt', /weight is -1.5/],
    ['a wrong counter', altered('"rounds":"3"', '"rounds":"x"'), 'corrupt', /counter is x/],
  ])('refuses %s', (_name, bytes, code, message) => {
    expect(() => decodeState(bytes, shape)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeState(bytes, shape)).toThrow(message);
  });

  it('refuses the state of another network', () => {
    expect(() => decodeState(encodeState(ledger), { ...shape, importance: 4 })).toThrow(
      /another network/,
    );
  });

  it('refuses numbers that are not finite', () => {
    const broken = encodeState({ ...ledger, importance: Float32Array.of(1, Number.NaN, 1) });
    expect(() => decodeState(broken, shape)).toThrow(/not finite/);
    const sums = Float32Array.of(1, Number.POSITIVE_INFINITY);
    const worse = encodeState({ ...ledger, curvature: { samples: 1, sums } });
    expect(() => decodeState(worse, shape)).toThrow(/not finite/);
  });
});
