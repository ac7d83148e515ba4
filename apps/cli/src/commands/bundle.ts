import { appendFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, LetheError, parseModelKey } from '@lethe/contracts';
import { LineageStore, releaseFiles, releaseRecord } from '@lethe/lineage';
import { exportLayersModel } from '@lethe/models';
import { openStore } from '@lethe/service-kit';
import { BlobStore, digestOfFile } from '@lethe/store';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { counted } from '../output/format.ts';
import { type AuditStoreOptions, storeConfigOf } from './audit-store.ts';
import { connectEvidence } from './running-lethe.ts';

interface BundleOptions extends AuditStoreOptions {
  readonly out: string;
}

/** Reading a long lineage takes the registry its time. */
const signTimeoutMs = 10 * 60_000;

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
  const path = (name: string) => join(folder, name);
  let requests = 0;
  for await (const { path: name, text } of releaseRecord(lineage, pointer)) {
    // That one is there, with the weights that go with it.
    if (name !== 'model.json') appendFileSync(path(name), text);
    if (name === 'requests.jsonl') requests += text.split('\n').length - 1;
  }
  writeFileSync(path('checkpoint.json'), (await evidence.getCheckpoint({})).envelope);
  const files = await Promise.all(
    releaseFiles.map(async (name) => ({
      path: name,
      sizeBytes: BigInt(statSync(path(name)).size),
      sha256: await digestOfFile(path(name)),
    })),
  );
  const { weightsDigest } = pointer;
  const { envelope } = await evidence.signRelease(
    { modelKey, weightsDigest, files, coveredRequestCount: requests },
    { timeoutMs: signTimeoutMs },
  );
  writeFileSync(path('release.json'), envelope);
  out.result({ modelKey, sequence: pointer.sequence, folder, requests });
  out.line(
    `Version ${pointer.sequence} of ${modelKey} is in ${folder}, covering ${counted(requests, 'request')}. Check it anywhere:`,
  );
  out.line(`  lethe verify ${join(folder, 'release.json')} --keys FILE --files ${folder}`);
  return exitCodes.ok;
};

function emptyFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length === 0) return folder;
  throw LetheError.invalid('--out', folder, 'is not empty', 'Name a new folder.');
}
