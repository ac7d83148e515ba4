import { LetheError } from '@lethe/contracts';

/** What a pickle may name: `module.name` → what a call of it gives. */
export type AllowedGlobals = ReadonlyMap<string, (...callArguments: readonly unknown[]) => unknown>;

export interface PickleReader {
  readonly allowed: AllowedGlobals;
  /** What a persistent id stands for. */
  readonly persistent: (id: unknown) => unknown;
  /** Names the file in errors. */
  readonly source: string;
}

/** A global by name; not callable by itself. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const mark = Symbol('mark');

/** Stack, memo and bytes of one pickle being read. */
export class PickleMachine {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private position: number;
  private readonly reader: PickleReader;
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, offset: number, reader: PickleReader) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = offset;
    this.reader = reader;
  }

  /** Where the next byte is read. */
  get offset(): number {
    return this.position;
  }

  pushMark(): void {
    this.stack.push(mark);
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw this.damaged('takes from an empty stack');
    return this.stack.pop();
  }

  popMark(): unknown[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw this.damaged('has no mark where one is needed');
    const items = this.stack.splice(at);
    return items.slice(1);
  }

  top(): unknown {
    if (this.stack.length === 0) throw this.damaged('takes from an empty stack');
    return this.stack.at(-1);
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    if (!this.memo.has(index)) throw this.damaged(`recalls what was never kept (${index})`);
    this.push(this.memo.get(index));
  }

  pushGlobal(module: unknown, name: unknown): void {
    const global = `${String(module)}.${String(name)}`;
    if (!this.reader.allowed.has(global)) {
      throw LetheError.invalid(
        `${this.reader.source}: pickle global`,
        global,
        'is not allowed: a state dict needs tensors only, and nothing in a file is run',
        'Save the weights alone, with torch.save(model.state_dict(), path), and import that file.',
      );
    }
    this.push(new PickleGlobal(global));
  }

  /** REDUCE and NEWOBJ: a call of an allowed global. */
  call(): void {
    const callArguments = this.pop();
    const callee = this.pop();
    if (!(callee instanceof PickleGlobal) || !Array.isArray(callArguments)) {
      throw this.damaged('calls something that is not a global');
    }
    this.push(this.reader.allowed.get(callee.name)!(...callArguments));
  }

  pushPersistent(): void {
    this.push(this.reader.persistent(this.pop()));
  }

  setItems(items: readonly unknown[]): void {
    const target = this.top();
    if (!(target instanceof Map) || items.length % 2 !== 0) {
      throw this.damaged('sets items of something that is not a dict');
    }
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  append(items: readonly unknown[]): void {
    const target = this.top();
    if (!Array.isArray(target)) throw this.damaged('appends to something that is not a list');
    for (const item of items) target.push(item);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    return this.viewOf(2).getUint16(0, true);
  }

  uint32(): number {
    return this.viewOf(4).getUint32(0, true);
  }

  int32(): number {
    return this.viewOf(4).getInt32(0, true);
  }

  float64(): number {
    return this.viewOf(8).getFloat64(0, false);
  }

  length64(): number {
    return Number(this.viewOf(8).getBigUint64(0, true));
  }

  /** Little-endian two's complement. Beyond 2⁵³ only the size counts (PyTorch's magic number). */
  longInteger(size: number): number | bigint {
    let value = 0n;
    const digits = this.take(size);
    for (const [i, digit] of digits.entries()) value |= BigInt(digit) << BigInt(8 * i);
    if (size > 0 && digits[size - 1]! >= 0x80) value -= 1n << BigInt(8 * size);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  text(size: number): string {
    return new TextDecoder().decode(this.take(size));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.cutOff();
    const line = this.text(end - this.position);
    this.position = end + 1;
    return line;
  }

  take(size: number): Uint8Array {
    if (this.position + size > this.bytes.length) throw this.cutOff();
    const taken = this.bytes.subarray(this.position, this.position + size);
    this.position += size;
    return taken;
  }

  private viewOf(size: number): DataView {
    const { byteOffset } = this.take(size);
    return new DataView(this.view.buffer, byteOffset, size);
  }

  private cutOff(): LetheError {
    return this.damaged(`is cut off at byte ${this.bytes.length}`);
  }

  damaged(what: string): LetheError {
    return LetheError.invalid(
      this.reader.source,
      'pickle',
      what,
      'Check that it is a PyTorch state dict and that the download is complete.',
    );
  }
}
