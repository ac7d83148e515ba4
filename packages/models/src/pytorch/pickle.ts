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
import { PickleMachine, type PickleReader } from './pickle-machine.ts';

const stop = 0x2e;

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
  const machine = new PickleMachine(bytes, offset, reader);
  for (;;) {
    const at = machine.offset;
    const opcode = machine.byte();
    if (opcode === stop) return { value: machine.pop(), end: machine.offset };
    const step = steps[opcode];
    if (step === undefined) {
      throw machine.damaged(`has an unknown opcode 0x${opcode.toString(16)} at byte ${at}`);
    }
    step(machine);
  }
}

/** What each opcode does. */
const steps: Readonly<Record<number, (machine: PickleMachine) => void>> = {
  128: (m) => m.take(1), // PROTO
  149: (m) => m.take(8), // FRAME
  40: (m) => m.pushMark(), // MARK
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
