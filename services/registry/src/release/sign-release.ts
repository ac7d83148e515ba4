import { createHash, type Hash } from 'node:crypto';
import type { AuditLog } from '@lethe/audit-log';
import {
  type Digest,
  decodeRecord,
  LetheError,
  parseModelKey,
  type ServingPointer,
  type SignedEvidence,
  type SignReleaseRequest,
  sha256,
  Verdict,
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
 * what the record of the model makes, in digest and size, and the covered requests are counted here.
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
  requireNames(files.map(({ path }) => path));
  const stated = new Map(files.map((file) => [file.path, file]));
  const record = await recordOf(lineage, pointer);
  const checkpoint = await auditLog.findCheckpoint(stated.get('checkpoint.json')?.sha256 as Digest);
  const made = new Map([
    ['weights.bin', { sha256: weightsDigest, sizeBytes: await sizeOf(lineage, weightsDigest) }],
    ...record.files,
    ...(checkpoint === undefined ? [] : [['checkpoint.json', fileOf(checkpoint)] as const]),
  ]);
  for (const path of paths) {
    const [given, own] = [stated.get(path), made.get(path)];
    if (own === undefined) {
      throw otherFile(path, given?.sha256, 'that of a recent checkpoint of the audit log');
    }
    if (given?.sha256 !== own.sha256) throw otherFile(path, given?.sha256, own.sha256);
    if (given.sizeBytes !== BigInt(own.sizeBytes)) {
      throw otherFile(path, `${given.sizeBytes} bytes`, `${own.sizeBytes} bytes`);
    }
  }
  if (coveredRequestCount !== record.requests) {
    throw LetheError.invalid(
      'covered_request_count',
      coveredRequestCount,
      `is not what the version covers: ${record.requests}`,
      'Count the lines of requests.jsonl.',
    );
  }
  const now = clock.now();
  const statement = releaseStatement(
    pointer,
    {
      policyDigest: record.policyDigest,
      coveredRequestCount: record.requests,
      auditLog: await auditLog.head(),
      files: [...made].map(([path, { sizeBytes, sha256 }]) => ({
        path,
        size_bytes: sizeBytes,
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

interface MadeFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

async function recordOf(lineage: LineageStore, pointer: ServingPointer) {
  const hashes = new Map<string, { readonly hash: Hash; sizeBytes: number }>();
  let requests = 0;
  let policyDigest = '';
  for await (const { path, text } of releaseRecord(lineage, pointer)) {
    const bytes = Buffer.from(text);
    const file = hashes.get(path) ?? { hash: createHash('sha256'), sizeBytes: 0 };
    hashes.set(path, file);
    file.hash.update(bytes);
    file.sizeBytes += bytes.length;
    // That of the original is null: it serves without one.
    if (path === 'verdict.json' && text !== 'null') {
      policyDigest = decodeRecord(Verdict, bytes, path).policyDigest;
    }
    if (path !== 'requests.jsonl') continue;
    for (const byte of bytes) if (byte === newline) requests += 1;
  }
  const files = [...hashes].map(([path, { hash, sizeBytes }]): [string, MadeFile] => [
    path,
    { sha256: hash.digest('hex'), sizeBytes },
  ]);
  return { files, requests, policyDigest };
}

function fileOf(bytes: Uint8Array): MadeFile {
  return { sha256: sha256(bytes), sizeBytes: bytes.byteLength };
}

/** @throws LetheError `not_found` */
async function sizeOf(lineage: LineageStore, weightsDigest: string): Promise<number> {
  const size = await lineage.blobs.sizeOf(weightsDigest as Digest);
  if (size !== undefined) return size;
  throw new LetheError('not_found', `weights ${weightsDigest} are not in the object store`);
}

function otherFile(path: string, stated: string | undefined, made: string): LetheError {
  return LetheError.invalid(
    `files: ${path}`,
    stated,
    `is not what the record of the model makes (${made})`,
    'Make the bundle anew, with the lethe of this registry: lethe bundle.',
  );
}
