import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { type Finding, note, ok, problem } from './finding.ts';
import type { Patient } from './patient.ts';

const mebibyte = 2 ** 20;
/** Below this, services soon stop with a full disk: SQLite's log alone grows to 64 MiB. */
const leastBytes = 256 * mebibyte;
const comfortableBytes = 2048 * mebibyte;

export interface Space {
  readonly folder: string;
  readonly freeBytes: number;
  /** Undefined where the file system does not count them. */
  readonly freeFiles?: number;
}

/** Is there room where Lethe writes? Folders on one file system are told once. */
export async function checkDisk({ layout }: Pick<Patient, 'layout'>): Promise<Finding[]> {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const folder of [nearestFolder(layout.root), tmpdir()]) {
    const { type, bavail, bsize, blocks, ffree, files } = await statfs(folder);
    const identity = `${type}/${blocks}/${bavail}/${ffree}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    const freeFiles = files > 0 ? { freeFiles: ffree } : {};
    findings.push(judgeSpace({ folder, freeBytes: bavail * bsize, ...freeFiles }));
  }
  return findings;
}

export function judgeSpace({ folder, freeBytes, freeFiles }: Space): Finding {
  const free = `${(freeBytes / 1024 / mebibyte).toFixed(1)} GiB free at ${folder}`;
  if (freeFiles !== undefined && freeFiles < 1000) {
    const remedy = 'Remove files, or make a file system with more inodes.';
    return problem('disk', `only ${freeFiles} more files fit at ${folder}`, remedy);
  }
  if (freeBytes < leastBytes) {
    const remedy = 'Free at least 2 GiB; the folder cache/ of the home may be emptied at any time.';
    return problem('disk', free, remedy);
  }
  if (freeBytes < comfortableBytes) {
    return note('disk', free, 'Free 2 GiB or more before it is full.');
  }
  return ok('disk', free);
}

/** The folder itself, or the nearest above it that is there. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}
