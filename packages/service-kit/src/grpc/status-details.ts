import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type ErrorCode, FieldViolation, type LetheError, type Violation } from '@lethe/contracts';
import { grpcStatusOf } from './status-codes.ts';

/**
 * `grpc-status-details-bin`: a google.rpc.Status whose details are
 * - google.rpc.ErrorInfo: our error code as `reason`, domain `lethe.v1`;
 * - google.rpc.BadRequest: field and description, for clients that know only the standard;
 * - one lethe.v1.FieldViolation for each violation, which carries value and remedy too.
 *
 * The three messages of google/rpc are short and frozen, hence written here by field number
 * (google/rpc/status.proto, error_details.proto).
 */
export const statusDetailsKey = 'grpc-status-details-bin';

const domain = 'lethe.v1';
const typePrefix = 'type.googleapis.com/';
const errorInfoType = `${typePrefix}google.rpc.ErrorInfo`;
const badRequestType = `${typePrefix}google.rpc.BadRequest`;
const violationType = `${typePrefix}lethe.v1.FieldViolation`;

/** Trailers are headers, and peers refuse large headers: what does not fit stays out. */
const maxDetailBytes = 5_000;
const maxMessageCharacters = 1_000;

export interface StatusDetails {
  readonly code: ErrorCode | undefined;
  readonly violations: readonly Violation[];
}

export function encodeStatusDetails(error: LetheError): Buffer {
  const violations = fitting(error.violations);
  const status = new BinaryWriter();
  status.uint32(8).int32(grpcStatusOf[error.code]);
  status.uint32(18).string(error.message.slice(0, maxMessageCharacters));
  writeAny(status, errorInfoType, (any) =>
    any.uint32(10).string(error.code).uint32(18).string(domain),
  );
  if (violations.length > 0) {
    writeAny(status, badRequestType, (any) => {
      for (const { field, description, remedy } of violations) {
        any.uint32(10).fork();
        any.uint32(10).string(field).uint32(18).string(`${description}. ${remedy}`);
        any.join();
      }
    });
  }
  for (const violation of violations) {
    writeAny(status, violationType, (any) => FieldViolation.encode({ ...violation }, any));
  }
  return Buffer.from(status.finish());
}

export function decodeStatusDetails(bytes: Uint8Array): StatusDetails {
  let code: ErrorCode | undefined;
  const violations: Violation[] = [];
  for (const [field, value] of fieldsOf(bytes)) {
    if (field !== 3) continue;
    const any = new Map(fieldsOf(value));
    const type = text(any.get(1));
    const message = any.get(2) ?? new Uint8Array();
    if (type === violationType) violations.push(FieldViolation.decode(message));
    if (type === errorInfoType) {
      const info = new Map(fieldsOf(message));
      if (text(info.get(2)) === domain) code = knownCode(text(info.get(1)));
    }
  }
  return { code, violations };
}

function fitting(violations: readonly Violation[]): readonly Violation[] {
  let bytes = 0;
  return violations.filter(({ field, value, description, remedy }) => {
    // Description and remedy are written twice.
    bytes += 2 * Buffer.byteLength(field + description + remedy) + Buffer.byteLength(value) + 100;
    return bytes <= maxDetailBytes;
  });
}

function writeAny(status: BinaryWriter, type: string, write: (any: BinaryWriter) => void): void {
  const message = new BinaryWriter();
  write(message);
  status.uint32(26).fork();
  status.uint32(10).string(type).uint32(18).bytes(message.finish());
  status.join();
}

/** Length-delimited fields of a message; others are skipped. */
function* fieldsOf(bytes: Uint8Array): Generator<[number, Uint8Array]> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 2) yield [field, reader.bytes()];
    else reader.skip(wireType);
  }
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

function knownCode(name: string): ErrorCode | undefined {
  return name in grpcStatusOf ? (name as ErrorCode) : undefined;
}
