import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file whole or not at all. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}
