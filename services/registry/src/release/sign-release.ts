import { createHash, type Hash } from 'node:crypto';
import type { AuditLog } from '@lethe/audit-log';
import {
  type Digest,
  LetheError,
  parseModelKey,
  type ServingPointer,
  type SignedEvidence,
  type SignReleaseRequest,
} from '@lethe/contracts';
import { type KeyRing, releaseStatement, signStatement } from '@lethe/evidence';
import { type LineageStore, releaseFiles, releaseRecord } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import type { ServingBoard } from '../serving/serving-board.ts';

export interface SigningDeps {
  readonly lineage: LineageStore;
  readonly board: ServingBoard;
  readonly keys: KeyRing;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
}

const paths: readonly string[] = releaseFiles;
const newline = 10;

/**
 * Signs the list of the files of a release. Nothing in it is the caller's word: every file must be
 * what the record of the model makes, and the covered requests are counted here.
 *
 * @throws LetheError `precondition` when another model serves by now; `invalid` naming the file that
 *   is missing, too much, or another than it should be
 */
export async function signRelease(
  { lineage, board, keys, auditLog, clock }: SigningDeps,
  { modelKey, weightsDigest, files, coveredRequestCount }: SignReleaseRequest,
): Promise<SignedEvidence> {
  const { pointer } = await board.current(parseModelKey(modelKey));
  if (pointer.weightsDigest !== weightsDigest) {
    throw new LetheError(
      'precondition',
      `${modelKey} serves version ${pointer.sequence} by now, not weights ${weightsDigest.slice(0, 12)}. Make the bundle anew`,
    );
  }
  const stated = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  requireNames(files.map(({ path }) => path));
  const record = await recordOf(lineage, pointer);
  record.digests.set('weights.bin', weightsDigest);
  for (const [path, digest] of record.digests) {
    if (stated.get(path) !== digest) throw otherFile(path, stated.get(path), digest);
  }
  const checkpoint = stated.get('checkpoint.json') as Digest;
  if (!(await auditLog.holdsCheckpoint(checkpoint))) {
    throw otherFile('checkpoint.json', checkpoint, 'that of a recent checkpoint of the audit log');
  }
  if (coveredRequestCount !== record.requests) {
    throw LetheError.invalid(
      'covered_request_count',
      coveredRequestCount,
      `is not what the version covers: ${record.requests}`,
      'Count the lines of requests.jsonl.',
    );
  }
  const verdict =
    pointer.sequence === 0 ? undefined : await lineage.verdict(modelKey, pointer.sequence);
  const now = clock.now();
  const statement = releaseStatement(
    pointer,
    {
      policyDigest: verdict?.record.policyDigest ?? '',
      coveredRequestCount: record.requests,
      auditLog: await auditLog.head(),
      files: files.map(({ path, sizeBytes, sha256 }) => ({
        path,
        size_bytes: Number(sizeBytes),
        sha256,
      })),
    },
    keys.issueTime(now),
  );
  return { envelope: signStatement(statement, keys.signer(now)), parts: [] };
}

function requireNames(given: readonly string[]): void {
  const missing = paths.find((path) => !given.includes(path));
  const remedy = `List each of these once: ${paths.join(', ')}.`;
  if (missing !== undefined) throw LetheError.invalid('files', missing, 'is missing', remedy);
  const extra = given.find((path, at) => !paths.includes(path) || given.indexOf(path) !== at);
  if (extra !== undefined) throw LetheError.invalid('files', extra, 'is too much', remedy);
}

async function recordOf(lineage: LineageStore, pointer: ServingPointer) {
  const hashes = new Map<string, Hash>();
  let requests = 0;
  for await (const { path, text } of releaseRecord(lineage, pointer)) {
    const bytes = Buffer.from(text);
    const hash = hashes.get(path) ?? createHash('sha256');
    hashes.set(path, hash.update(bytes));
    if (path !== 'requests.jsonl') continue;
    for (const byte of bytes) if (byte === newline) requests += 1;
  }
  const digests = new Map([...hashes].map(([path, hash]) => [path, hash.digest('hex')]));
  return { digests, requests };
}

function otherFile(path: string, stated: string | undefined, made: string): LetheError {
  return LetheError.invalid(
    `files: ${path}`,
    stated,
    `is not what the record of the model makes (${made})`,
    'Make the bundle anew, with the lethe of this registry: lethe bundle.',
  );
}
