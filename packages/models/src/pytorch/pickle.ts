/**
 * A pickle machine that runs nothing. Pickle is a small stack language whose GLOBAL opcode
 * imports any Python object and whose REDUCE calls it; here a global is only a name, looked up
 * in a table of plain functions that the caller gives, and every other name is refused before
 * anything else happens. Opcodes: those of protocols 0 to 4 that state dicts use
 * (Python's Lib/pickletools.py describes them).
 *
 * Python's dict and OrderedDict become Map (so `__proto__` is a key like any other), list and
 * tuple become arrays, int becomes number.
 */
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

/**
 * Reads one pickle from `bytes` at `offset`.
 *
 * @returns the value, and where the pickle ends
 * @throws LetheError `invalid` naming a global that is not allowed, an unknown opcode, or the
 *   byte at which the pickle is cut off
 */
export function readPickle(
  bytes: Uint8Array,
  offset: number,
  reader: PickleReader,
): { readonly value: unknown; readonly end: number } {
  return new PickleMachine(bytes, offset, reader).run();
}

class PickleMachine {
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

  run(): { value: unknown; end: number } {
    for (;;) {
      const at = this.position;
      const opcode = this.byte();
      if (opcode === 0x2e) return { value: this.pop(), end: this.position }; // STOP
      const step = steps[opcode];
      if (step === undefined) {
        throw this.damaged(`has an unknown opcode 0x${opcode.toString(16)} at byte ${at}`);
      }
      step(this);
    }
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

  private damaged(what: string): LetheError {
    return LetheError.invalid(
      this.reader.source,
      'pickle',
      what,
      'Check that it is a PyTorch state dict and that the download is complete.',
    );
  }
}

/** What each opcode does. */
const steps: Readonly<Record<number, (machine: PickleMachine) => void>> = {
  128: (m) => m.take(1), // PROTO
  149: (m) => m.take(8), // FRAME
  40: (m) => m.push(mark), // MARK
  48: (m) => m.pop(), // POP
  49: (m) => m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  75: (m) => m.push(m.byte()), // BININT1
  77: (m) => m.push(m.uint16()), // BININT2
  74: (m) => m.push(m.int32()), // BININT
  138: (m) => m.push(m.longInteger(m.byte())), // LONG1
  71: (m) => m.push(m.float64()), // BINFLOAT
  85: (m) => m.push(m.text(m.byte())), // SHORT_BINSTRING
  84: (m) => m.push(m.text(m.uint32())), // BINSTRING
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  88: (m) => m.push(m.text(m.uint32())), // BINUNICODE
  141: (m) => m.push(m.text(m.length64())), // BINUNICODE8
  125: (m) => m.push(new Map()), // EMPTY_DICT
  93: (m) => m.push([]), // EMPTY_LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  116: (m) => m.push(m.popMark()), // TUPLE
  133: (m) => m.push([m.pop()]), // TUPLE1
  134: (m) => m.push([m.pop(), m.pop()].reverse()), // TUPLE2
  135: (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()), // TUPLE3
  97: (m) => m.append([m.pop()]), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  115: (m) => m.setItems([m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  113: (m) => m.put(m.byte()), // BINPUT
  114: (m) => m.put(m.uint32()), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  104: (m) => m.get(m.byte()), // BINGET
  106: (m) => m.get(m.uint32()), // LONG_BINGET
  99: (m) => m.pushGlobal(m.line(), m.line()), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.pushGlobal(m.pop(), name);
  }, // STACK_GLOBAL
  82: (m) => m.call(), // REDUCE
  129: (m) => m.call(), // NEWOBJ
  // Attributes set on a dict (state_dict's `_metadata`) say nothing about tensors.
  98: (m) => m.pop(), // BUILD
  81: (m) => m.pushPersistent(), // BINPERSID
};
