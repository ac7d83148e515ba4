/**
 * How keys are laid out as files. An object keeps its name; folders carry a mark that no key
 * can contain, so that `a` and `a/b` can both be objects:
 *
 * - `models/x/serving.json` → `models@/x@/serving.json`
 * - a part longer than a file name may be goes on in a folder marked `+`.
 */
import { join } from 'node:path';

/** File names end at 255 bytes on common file systems; the mark needs one more. */
const longestName = 200;
const folderMark = '@';
const continuationMark = '+';

/** Names below the root: the folders on the way, then the file. */
export interface KeyPath {
  readonly folders: readonly string[];
  readonly file: string;
}

export function pathOfKey(parts: readonly string[]): KeyPath {
  const folders = parts.slice(0, -1).flatMap(foldersOfPart);
  const names = namesOfPart(parts.at(-1) ?? '');
  return {
    folders: [...folders, ...names.slice(0, -1).map((name) => name + continuationMark)],
    file: names.at(-1) ?? '',
  };
}

/** The folders that hold the keys under these parts. */
export function pathOfFolders(root: string, parts: readonly string[]): string {
  return join(root, ...parts.flatMap(foldersOfPart));
}

/** What a name found on the disk stands for. */
export function readName(name: string): {
  readonly kind: 'object' | 'folder' | 'continuation';
  readonly part: string;
} {
  if (name.endsWith(folderMark)) return { kind: 'folder', part: name.slice(0, -1) };
  if (name.endsWith(continuationMark)) return { kind: 'continuation', part: name.slice(0, -1) };
  return { kind: 'object', part: name };
}

function foldersOfPart(part: string): string[] {
  const names = namesOfPart(part);
  return names.map((name, index) =>
    index < names.length - 1 ? name + continuationMark : name + folderMark,
  );
}

function namesOfPart(part: string): string[] {
  const count = Math.max(1, Math.ceil(part.length / longestName));
  return Array.from({ length: count }, (_, index) =>
    part.slice(index * longestName, (index + 1) * longestName),
  );
}
