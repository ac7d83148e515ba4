import { join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import {
  type BundleFile,
  parseKeySet,
  predicateTypes,
  type ReleasePredicate,
  type Statement,
  verifyEvidence,
} from '@lethe/evidence';
import { digestOfFile } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import type { Output } from '../output/output.ts';
import { readFile } from '../read-file.ts';

interface VerifyOptions {
  readonly keys: string;
  readonly files?: string;
}

export const run: CommandFunction<VerifyOptions> = async (options, out, file = '') => {
  const keys = parseKeySet(readFile('--keys', options.keys).toString('utf8'));
  const found = verifyEvidence(readFile('file', file), keys, new Date());
  if (found.kind !== 'valid') {
    out.result({ verdict: found.kind, explanation: found.explanation });
    out.line(`${out.colours.red('not valid')} (${found.kind}): ${found.explanation}`);
    return exitCodes.refused;
  }
  const { keyId, statement } = found;
  const damaged = options.files === undefined ? [] : await damage(statement, options.files);
  const verdict = damaged.length === 0 ? 'valid' : 'other_files';
  out.result({ verdict, keyId, statement, ...(damaged.length === 0 ? {} : { damaged }) });
  if (damaged.length > 0) {
    out.line(`${out.colours.red('not valid')} (other_files): the signature is good, but`);
    for (const line of damaged) out.line(`  ${line}`);
    return exitCodes.refused;
  }
  out.line(
    `${out.colours.green('valid')}: ${titleOf(statement)}, signed by key ${keyId.slice(0, 16)}`,
  );
  describe(statement.predicate, out);
  return exitCodes.ok;
};

function titleOf({ predicateType, predicate }: Statement): string {
  const kind = Object.entries(predicateTypes).find(([, type]) => type === predicateType)?.[0];
  return `${kind} of ${predicate.issued_time}`;
}

/** One line for each value, nested names joined by dots. */
function describe(value: object, out: Output, path = ''): void {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) describe(inner, out, `${path}${name}.`);
    else out.line(`  ${path}${name}: ${inner}`);
  }
}

async function damage(statement: Statement, folder: string): Promise<string[]> {
  if (statement.predicateType !== predicateTypes.release) {
    const remedy = 'Leave it out, or give the release.json of a bundle.';
    throw LetheError.invalid('--files', folder, 'only goes with a release bundle', remedy);
  }
  const { files } = statement.predicate as ReleasePredicate;
  const found = await Promise.all(files.map((file) => problemOf(file, folder)));
  return found.filter((problem) => problem !== undefined);
}

async function problemOf(
  { path, sha256 }: BundleFile,
  folder: string,
): Promise<string | undefined> {
  try {
    const digest = await digestOfFile(join(folder, path));
    return digest === sha256 ? undefined : `${path} has SHA-256 ${digest}, signed is ${sha256}`;
  } catch (thrown) {
    return `${path} cannot be read: ${LetheError.from(thrown).message}`;
  }
}
