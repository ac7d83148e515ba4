import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Digest,
  LetheError,
  parseModelKey,
  ServingPointer,
  sha256,
  Verdict,
} from '@lethe/contracts';
import { ancestors, LineageStore } from '@lethe/lineage';
import { exportLayersModel } from '@lethe/models';
import { openStore } from '@lethe/service-kit';
import { BlobStore } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { readFile } from '../read-file.ts';
import { type AuditStoreOptions, storeConfigOf } from './audit-store.ts';
import { connectEvidence } from './running-lethe.ts';

interface BundleOptions extends AuditStoreOptions {
  readonly out: string;
}

/** Files of a bundle, in the order in which they are written; release.json, which is signed, last. */
const signedFiles = [
  'weights.bin',
  'model.json',
  'serving.json',
  'verdict.json',
  'lineage.jsonl',
  'requests.jsonl',
  'checkpoint.json',
] as const;

export const run: CommandFunction<BundleOptions> = async (options, out, key = '') => {
  const modelKey = parseModelKey(key, 'model-key');
  const folder = emptyFolder(options.out);
  await using evidence = connectEvidence(options);
  await using store = await openStore(storeConfigOf(options));
  const lineage = new LineageStore(store, new BlobStore(store));
  const serving = await lineage.serving(modelKey);
  const registration = await lineage.registration(modelKey);
  if (serving === undefined || registration === undefined) {
    throw new LetheError(
      'not_found',
      `no model ${modelKey} serves; see the keys with lethe models`,
    );
  }
  const { pointer } = serving;
  await exportLayersModel(
    await lineage.blobs.get(pointer.topologyDigest as Digest),
    await lineage.blobs.get(pointer.weightsDigest as Digest),
    folder,
    registration.record.preprocessing,
  );
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('serving.json', JSON.stringify(ServingPointer.toJSON(pointer)));
  const verdict = await lineage.verdict(modelKey, pointer.sequence);
  write('verdict.json', JSON.stringify(verdict ? Verdict.toJSON(verdict.record) : null));
  const { lines, requests } = await covered(lineage, modelKey, pointer.sequence);
  write('lineage.jsonl', lines.join(''));
  write('requests.jsonl', requests.join(''));
  write('checkpoint.json', (await evidence.getCheckpoint({})).envelope);
  const files = signedFiles.map((path) => {
    const bytes = readFile(path, join(folder, path));
    return { path, sizeBytes: BigInt(bytes.length), sha256: sha256(bytes) };
  });
  const { envelope } = await evidence.signRelease({
    modelKey,
    weightsDigest: pointer.weightsDigest,
    files,
    coveredRequestCount: requests.length,
  });
  write('release.json', envelope);
  out.result({ modelKey, sequence: pointer.sequence, folder, requests: requests.length });
  out.line(
    `Version ${pointer.sequence} of ${modelKey} is in ${folder}, covering ${counted(requests.length, 'request')}. Check it anywhere:`,
  );
  out.line(`  lethe verify ${join(folder, 'release.json')} --keys FILE --files ${folder}`);
  return exitCodes.ok;
};

function emptyFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length === 0) return folder;
  throw LetheError.invalid('--out', folder, 'is not empty', 'Name a new folder.');
}

/** The rounds that made a version, newest first, and the requests they completed. */
async function covered(lineage: LineageStore, modelKey: string, sequence: number) {
  const lines: string[] = [];
  const requests: string[] = [];
  for await (const { manifest, round } of ancestors(lineage, modelKey, sequence)) {
    lines.push(
      `${JSON.stringify({
        sequence: manifest.record.sequence,
        manifest_digest: manifest.digest,
        parent_sequence: round.parentSequence,
        parent_weights_digest: round.parentWeightsDigest,
        weights_digest: round.weightsDigest,
        method: round.method,
        settings_digest: sha256(round.settingsJson),
        seed: round.seed,
        backend: round.backend,
        created_time: manifest.record.createdTime?.toISOString(),
      })}\n`,
    );
    for (const { request, last } of round.parts) {
      if (!last || request === undefined) continue;
      const { emitter, requestId, requestDigest } = request;
      const named = { emitter, request_id: requestId, request_digest: requestDigest };
      requests.push(`${JSON.stringify({ ...named, sequence: manifest.record.sequence })}\n`);
    }
  }
  return { lines, requests };
}
