/**
 * The fields of a protobuf message by number, read from the wire format alone
 * (protobuf.dev, "Encoding"): the checker shares no generated code with the services.
 */
export class ProtobufFields {
  readonly #values = new Map<number, (bigint | Uint8Array)[]>();

  /** @throws RangeError when the bytes are no protobuf message */
  constructor(bytes: Uint8Array) {
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++];
        if (byte === undefined || shift > 63n) throw new RangeError('truncated varint');
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    const take = (length: number) => {
      if (at + length > bytes.length) throw new RangeError('truncated field');
      at += length;
      return bytes.subarray(at - length, at);
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const value = readValue(tag & 7, varint, take);
      const field = tag >>> 3;
      this.#values.set(field, [...(this.#values.get(field) ?? []), value]);
    }
  }

  /** '' when absent, as in proto3. */
  text(field: number): string {
    const value = this.#values.get(field)?.at(-1);
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : '';
  }

  /** 0 when absent, as in proto3. */
  number(field: number): number {
    const value = this.#values.get(field)?.at(-1);
    return typeof value === 'bigint' ? Number(value) : 0;
  }
}

function readValue(wireType: number, varint: () => bigint, take: (length: number) => Uint8Array) {
  switch (wireType) {
    case 0:
      return varint();
    case 1:
      return take(8);
    case 2:
      return take(Number(varint()));
    case 5:
      return take(4);
    default:
      throw new RangeError(`wire type ${wireType}`);
  }
}
