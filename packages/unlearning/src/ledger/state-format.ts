/**
 * The ledger as bytes, in the safetensors layout: 8 bytes little-endian header length, a JSON
 * header padded with spaces, then float32 values, little-endian. The header has a fixed length,
 * so that the state of a network is the same number of bytes after every round.
 */
import { LetheError } from '@lethe/contracts';
import {
  emptyLedger,
  isLostClasses,
  type Ledger,
  type LedgerShape,
  placesLength,
} from './ledger.ts';

const format = 'lethe-unlearning-state';
const version = 6;
const prefixBytes = 8;
/** Of each version so far. */
const headerBytesOf = { 1: 504, 2: 504, 3: 760, 4: 888, 5: 1016, 6: 1016 } as const;
const headerBytes = headerBytesOf[version];
type Version = keyof typeof headerBytesOf;

/** Bytes of the state of a network, after however many rounds. */
export function stateSizeBytes(shape: LedgerShape): number {
  return sizeOfVersion(version, shape);
}

function sizeOfVersion(written: Version, shape: LedgerShape): number {
  const { importance, curvature, classes } = shape;
  const values =
    importance +
    (written > 1 ? curvature : 0) +
    (written > 2 ? placesLength : 0) +
    (written > 3 ? classes : 0) +
    (written > 4 ? classes : 0);
  return prefixBytes + headerBytesOf[written] + 4 * values;
}

export function encodeState(ledger: Ledger): Uint8Array {
  const { importance, curvature, standings, lostClasses } = ledger;
  const shape = {
    importance: importance.length,
    curvature: curvature.sums.length,
    classes: standings.classes.length,
  };
  const curvatureEnd = 4 * (shape.importance + shape.curvature);
  const placesEnd = curvatureEnd + 4 * placesLength;
  const classesEnd = placesEnd + 4 * shape.classes;
  const header = JSON.stringify({
    __metadata__: {
      format,
      version: String(version),
      rounds: String(ledger.rounds),
      samples: String(ledger.samples),
      curvature_samples: String(curvature.samples),
    },
    importance: {
      dtype: 'F32',
      shape: [shape.importance],
      data_offsets: [0, 4 * shape.importance],
    },
    curvature: {
      dtype: 'F32',
      shape: [shape.curvature],
      data_offsets: [4 * shape.importance, curvatureEnd],
    },
    places: { dtype: 'F32', shape: [placesLength], data_offsets: [curvatureEnd, placesEnd] },
    classes: {
      dtype: 'F32',
      shape: [shape.classes],
      data_offsets: [placesEnd, classesEnd],
    },
    lost_classes: {
      dtype: 'F32',
      shape: [shape.classes],
      data_offsets: [classesEnd, classesEnd + 4 * shape.classes],
    },
  });
  const bytes = new Uint8Array(stateSizeBytes(shape));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(new TextEncoder().encode(header.padEnd(headerBytes)), prefixBytes);
  const values = new Float32Array(bytes.buffer, prefixBytes + headerBytes);
  values.set(importance);
  values.set(curvature.sums, shape.importance);
  values.set(standings.places, shape.importance + shape.curvature);
  values.set(standings.classes, shape.importance + shape.curvature + placesLength);
  values.set(lostClasses, shape.importance + shape.curvature + placesLength + shape.classes);
  return bytes;
}

/**
 * Version 1 held no curvature, neither did version 2 hold standings, and those of version 3 were
 * places within classes: nothing is known then. Up to version 4 no class was lost as a whole, in
 * version 5 none was given another label.
 *
 * @param shape of the ledger of the network that the state must belong to
 * @throws LetheError `corrupt` for bytes that are no state or one of another network,
 *   `precondition` for a state of a newer version
 */
export function decodeState(bytes: Uint8Array, shape: LedgerShape): Ledger {
  const metadata = readMetadata(bytes);
  if (metadata['format'] !== format) throw corrupt(`its format is ${metadata['format']}`);
  const written = Number(metadata['version']) as Version;
  if (!(written >= 1 && written <= version)) {
    throw new LetheError(
      'precondition',
      `The unlearning state has version ${metadata['version']}, this engine reads 1 to ${version}. Use the release that wrote it, or a newer one.`,
    );
  }
  const size = sizeOfVersion(written, shape);
  if (bytes.length !== size) {
    throw corrupt(
      `it is ${bytes.length} bytes, a network with ${shape.importance} trainable weights needs ${size}`,
    );
  }
  // Copied: float32 views start at multiples of four only, and slice is a view on a Buffer.
  const values = new Float32Array(
    Uint8Array.from(bytes.subarray(prefixBytes + headerBytesOf[written])).buffer,
  );
  if (!values.every(Number.isFinite)) throw corrupt('it holds a number that is not finite');
  const placesAt = shape.importance + shape.curvature;
  const lostClasses =
    written < 5 ? emptyLedger(shape).lostClasses : values.slice(values.length - shape.classes);
  if (!isLostClasses(lostClasses)) throw corrupt('what it says of lost classes cannot be');
  return {
    rounds: numberOf('counter', metadata['rounds'], Number.isSafeInteger),
    samples: numberOf('counter', metadata['samples'], Number.isSafeInteger),
    importance: values.slice(0, shape.importance),
    curvature:
      written === 1
        ? emptyLedger(shape).curvature
        : {
            samples: numberOf('weight', metadata['curvature_samples'], Number.isFinite),
            sums: values.slice(shape.importance, shape.importance + shape.curvature),
          },
    standings:
      written < 4
        ? emptyLedger(shape).standings
        : {
            places: values.slice(placesAt, placesAt + placesLength),
            classes: values.slice(placesAt + placesLength, placesAt + placesLength + shape.classes),
          },
    lostClasses,
  };
}

/** As many bytes as the file says, if some version writes as many. */
function headerOf(bytes: Uint8Array): Uint8Array {
  const shortest = prefixBytes + headerBytesOf[1];
  if (bytes.length < shortest) throw corrupt(`it is only ${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!Object.values(headerBytesOf).some((each) => each === length)) {
    throw corrupt('its header cannot be read');
  }
  return bytes.subarray(prefixBytes, prefixBytes + length);
}

function readMetadata(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const header = headerOf(bytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    const { __metadata__: metadata } = JSON.parse(text) as { __metadata__?: object };
    if (metadata !== undefined) return { ...metadata };
  } catch (cause) {
    throw corrupt('its header cannot be read', cause);
  }
  throw corrupt('its header holds no metadata');
}

/** @param isOne what it must be, besides 0 or more */
function numberOf(what: string, text: unknown, isOne: (value: number) => boolean): number {
  const value = Number(text);
  if (isOne(value) && value >= 0) return value;
  throw corrupt(`a ${what} is ${String(text)}`);
}

function corrupt(why: string, cause?: unknown): LetheError {
  return new LetheError(
    'corrupt',
    `The unlearning state is damaged or belongs to another network: ${why}. Use the state that was stored with these weights.`,
    { cause },
  );
}
