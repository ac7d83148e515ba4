/**
 * Makes the world of a registry, in a process of its own: a home folder with a model's history, the
 * projection of its requests, and an audit log. Says on standard error how many requests it
 * projected in a second.
 * node bench/registry/make-world.ts FOLDER VERSIONS REQUESTS ENTRIES NOW
 */
import { join } from 'node:path';
import { AuditLog } from '@lethe/audit-log';
import { encodeRecord, ModelRegistration, ServingPointer, sha256 } from '@lethe/contracts';
import { KeyRing, signStatement } from '@lethe/evidence';
import { LineageStore, moveKey, servingKey } from '@lethe/lineage';
import { BlobStore, FolderStore } from '@lethe/store';
import { RequestProjection } from '../../services/registry/src/requests/request-projection.ts';
import { modelKey, World, withoutSyncs } from './world.ts';

const [folder = '', versions = 0, requests = 0, entries = 0, nowMs = 0] = process.argv
  .slice(2)
  .map((text, at) => (at === 0 ? text : Number(text))) as [string, ...number[]];
const now = new Date(nowMs);
const world = new World({ versions, requests }, now);
const root = join(folder, 'store');
const store = await FolderStore.open(root);
const lineage = new LineageStore(store, new BlobStore(store));

const weightsDigest = await lineage.blobs.put(world.weights(0));
const topologyDigest = await lineage.blobs.put(Buffer.from('topology'));
await lineage.register(
  ModelRegistration.fromPartial({
    ...{ modelKey, topologyDigest, weightsDigest, trainingManifestDigest: topologyDigest },
    registeredTime: world.timeOf(0),
  }),
);
await store.put(moveKey(modelKey, 1), encodeRecord(ServingPointer, world.pointer(0)));
for (let sequence = 1; sequence <= versions; sequence++) world.write(root, sequence);
await store.put(servingKey(modelKey), encodeRecord(ServingPointer, world.pointer(versions)));

const projection = RequestProjection.open(join(folder, 'registry.sqlite'));
let projectionMs = 0;
for (let from = 1; from <= versions; from += 100) {
  const some = Array.from({ length: Math.min(100, versions - from + 1) }, (_, at) => from + at);
  const statuses = some.flatMap((sequence) => world.statuses(sequence));
  const sinceMs = performance.now();
  projection.apply(statuses);
  projectionMs += performance.now() - sinceMs;
}
projection[Symbol.dispose]();
process.stderr.write(`projected ${Math.round((1000 * requests) / projectionMs)}\n`);

const ring = KeyRing.open(join(folder, 'keys'), world.timeOf(0));
const log = new AuditLog({
  store: withoutSyncs(root, store),
  sign: (make) => signStatement(make(now), ring.signer(now)),
});
const batch = 512;
for (let from = 0; from < entries; from += batch) {
  await log.append(
    Array.from({ length: Math.min(batch, entries - from) }, (_, at) => ({
      id: `made/${from + at}`,
      kind: 'promotion' as const,
      time: new Date(world.timeOf(0).getTime() + from + at),
      actor: 'registry',
      modelKey,
      details: { sequence: from + at, weights_digest: sha256(`weights ${from + at}`) },
    })),
  );
  await log.checkpoint();
}
await log[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();
