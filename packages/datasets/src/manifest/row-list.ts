/**
 * Ascending row numbers as bytes: differences to the row before (from −1), less one, as LEB128
 * variable-length integers. Neighbouring rows cost one byte each.
 */

export function encodeRows(rows: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(rows.length * 5);
  let length = 0;
  let previous = -1;
  for (let i = 0; i < rows.length; i++) {
    let rest = rows[i]! - previous - 1;
    previous = rows[i]!;
    while (rest >= 0x80) {
      bytes[length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[length++] = rest;
  }
  return bytes.slice(0, length);
}

export function decodeRows(bytes: Uint8Array): Uint32Array {
  const rows = new Uint32Array(countRows(bytes));
  let previous = -1;
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    let difference = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++]!;
      difference += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    previous += difference + 1;
    rows[i] = previous;
  }
  return rows;
}

/** Each number ends with its only byte below 0x80. */
function countRows(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 0x80) count++;
  return count;
}
