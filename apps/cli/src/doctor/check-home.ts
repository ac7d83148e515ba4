import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homeDatabases } from '../embedded/home-databases.ts';
import { readRuntime } from '../embedded/runtime-file.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import { inspectDatabase } from './inspect-database.ts';
import { isAlive } from './is-alive.ts';
import type { Patient } from './patient.ts';

/** Can the embedded home be used, and are its files sound and of this version? */
export async function checkHome({ layout }: Pick<Patient, 'layout'>): Promise<Finding[]> {
  const { root } = layout;
  if (!existsSync(root)) {
    return [ok('home', `${root} is not there yet; lethe up and lethe import make it`)];
  }
  const findings = [usable(root)];
  const runtime = readRuntime(root);
  if (runtime !== undefined && !isAlive(runtime.pid)) {
    const seen = `runtime.json names process ${runtime.pid}, which is gone: it was killed`;
    findings.push(note('home', seen, `Start it again: lethe up --home ${root}. Nothing is lost.`));
  }
  for (const database of homeDatabases(layout)) {
    if (existsSync(database.file)) findings.push(inspectDatabase(database));
  }
  return findings;
}

function usable(root: string): Finding {
  if (!statSync(root).isDirectory()) {
    return problem('home', `${root} is not a folder`, 'Give another --home.');
  }
  try {
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok('home', `${root} can be read and written`);
  } catch (thrown) {
    const seen = `${root} cannot be written: ${(thrown as Error).message}`;
    return problem('home', seen, 'Run lethe as the user it belongs to, or give another --home.');
  }
}
