import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyLog } from '@lethe/audit-log';
import { ComputeProcess } from '@lethe/compute';
import {
  EvidenceServiceClient,
  RegistryServiceClient,
  ReleaseServiceClient,
  RequestState,
} from '@lethe/contracts';
import { createEvaluatorService, evaluatorSettings } from '@lethe/evaluator';
import { KeyRing, parseKeySet, verifyEvidence } from '@lethe/evidence';
import { defaultPolicy } from '@lethe/gate';
import { createIngestService } from '@lethe/ingest';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import {
  connect,
  ResourceStack,
  readConfig,
  silentLog,
  startGrpcServer,
  systemClock,
} from '@lethe/service-kit';
import { createUnlearnerService, unlearnerSettings } from '@lethe/unlearner';
import { expect, test } from 'vitest';
import { TinyWorld } from '../support/tiny-world.ts';

const verifier = fileURLToPath(new URL('../evidence/verify.py', import.meta.url));
const schemas = fileURLToPath(new URL('../../packages/evidence/schemas', import.meta.url));

test('one request leaves a receipt, a certificate and log entries that others can check', async () => {
  const stack = new ResourceStack();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-evidence-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    const world = stack.use(await TinyWorld.create(['tiny']));
    const compute = stack.use(new ComputeProcess({ backend: { prefer: 'js' } }));
    const settings = { env: {}, argv: [] };
    const keys = KeyRing.open(join(folder, 'keys'), new Date());
    const deps = {
      bus: world.bus,
      lineages: world.lineages,
      lineage: world.lineages,
      compute,
      keys,
      clock: systemClock,
      log: silentLog,
      onFatal: (error: Error) => {
        throw error;
      },
    };
    const services = [
      createRegistryService({
        ...deps,
        projectionFile: join(folder, 'registry.sqlite'),
        retention: retentionOf(readConfig(registrySettings, settings)),
      }),
      createEvaluatorService({
        ...deps,
        policy: defaultPolicy,
        heldKey: undefined,
        config: readConfig(evaluatorSettings, settings),
      }),
      createUnlearnerService({
        ...deps,
        config: { ...readConfig(unlearnerSettings, settings), maxWaitMs: 20 },
      }),
      createIngestService({
        ...deps,
        indexFile: join(folder, 'ingest.sqlite'),
        httpAddress: '127.0.0.1:0',
        defaultEmitter: 'shop',
      }),
    ] as const;
    for (const service of services) await stack.use(service).start();
    const server = stack.use(
      await startGrpcServer({
        address: '127.0.0.1:0',
        services: services.flatMap(({ grpc }) => grpc),
        log: silentLog,
      }),
    );
    const registry = stack.use(connect(RegistryServiceClient, server.address));
    const evidence = stack.use(connect(EvidenceServiceClient, server.address));
    const release = stack.use(connect(ReleaseServiceClient, server.address));

    const before = new Date();
    const requestId = randomUUID();
    const response = await fetch(`http://${services[3].httpAddress()}/v1/deletions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ requestId, modelKey: 'tiny', scope: { subject: 'subject-1' } }),
    });
    const receipt = (await response.json()) as { signedReceipt: string };
    expect(response.status, JSON.stringify(receipt)).toBe(202);
    const stateOf = async () =>
      (await registry.getRequest({ requestId, emitter: '' }).catch(() => undefined))?.current
        ?.state;
    await expect.poll(stateOf, { timeout: 90_000 }).toBe(RequestState.REQUEST_STATE_COMPLETED);

    const { envelope } = await evidence.getCertificate({ requestId, emitter: 'shop' });
    const { keySet } = await evidence.getKeySet({});
    const found = verifyEvidence(Buffer.from(envelope), parseKeySet(keySet), new Date());
    const serving = await registry.getServing({ modelKey: 'tiny' });
    expect(found).toMatchObject({
      kind: 'valid',
      statement: {
        predicate: {
          request: { request_id: requestId },
          model: { weights_digest: serving.weightsDigest, sequence: serving.sequence },
          verdict: { verdict_digest: serving.verdictDigest, outcome: 'pass' },
        },
      },
    });
    const files = { receipt: receipt.signedReceipt, certificate: envelope };
    const paths: string[] = [];
    for (const [name, text] of Object.entries(files)) {
      // Nothing of the person, nor of the samples, is inside (P6).
      const payload = Buffer.from(JSON.parse(text).payload, 'base64').toString();
      expect(payload).not.toContain('subject-1');
      expect(payload).not.toMatch(/"rows?"/);
      paths.push(join(folder, `${name}.json`));
      await writeFile(paths.at(-1) ?? '', text);
    }
    await writeFile(join(folder, 'keys.json'), keySet);
    const theirs = execFileSync('python3', [
      verifier,
      join(folder, 'keys.json'),
      schemas,
      ...paths,
    ]);
    expect(theirs.toString().match(/^valid\t/gm)).toHaveLength(2);

    expect((await release.getServingAt({ modelKey: 'tiny', time: before })).sequence).toBe(0);
    expect(await release.getServingAt({ modelKey: 'tiny', time: new Date() })).toEqual(serving);
    const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000);
    await expect(release.getServingAt({ modelKey: 'tiny', time: tomorrow })).rejects.toThrow(
      /is yet to come/,
    );

    const { weightsDigest } = serving;
    const ask = { modelKey: '', weightsDigest, topologyDigest: '' };
    expect(await evidence.checkRelease(ask)).toMatchObject({ allowed: true, problems: [] });
    const original = { ...ask, modelKey: 'tiny', weightsDigest: 'f'.repeat(64) };
    expect(await evidence.checkRelease(original)).toMatchObject({
      allowed: false,
      problems: [{ reason: 'not_serving' }],
    });

    const checkpoint = await evidence.getCheckpoint({});
    const log = await verifyLog({
      store: world.lineages.store,
      keys: parseKeySet(keySet),
      now: new Date(),
      kept: Buffer.from(checkpoint.envelope),
    });
    expect(log).toMatchObject({ kind: 'sound' });
    // Nor is anything of the person in the log.
    const { store } = world.lineages;
    let entries = '';
    for await (const { key } of store.list('audit/segments/')) {
      entries += Buffer.from((await store.get(key))!.bytes).toString();
    }
    expect(entries).toContain('promotion');
    expect(entries).not.toContain('subject-1');

    // Back to the original: what was completed is open again, and nothing may go out meanwhile.
    const back = { modelKey: 'tiny', sequence: 0, expectedGeneration: 0, approves: '' };
    const reason = 'it was slower';
    await expect(release.rollback({ ...back, reason, override: false })).rejects.toMatchObject({
      code: 'precondition',
    });
    const answer = await release.rollback({ ...back, reason, override: true });
    expect(answer).toMatchObject({ reopenedRequestCount: 1, serving: { sequence: 0 } });
    await expect.poll(stateOf, { timeout: 90_000 }).toBe(RequestState.REQUEST_STATE_COMPLETED);
    await expect
      .poll(async () => (await registry.getServing({ modelKey: 'tiny' })).sequence, {
        timeout: 90_000,
      })
      .toBeGreaterThan(1);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
});
