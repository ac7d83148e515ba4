import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServedModel, type ServedModelState } from '@lethe/client';
import { type Digest, sha256 } from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { createRegistryService, registrySettings, retentionOf } from '@lethe/registry';
import { readConfig, silentLog, startGrpcServer } from '@lethe/service-kit';
import { blobKey } from '@lethe/store';
import { describe, expect, it } from 'vitest';
import { TinyWorld } from '../support/tiny-world.ts';

/** What a test loads in place of a network: its weights' digest, and whether it was given up. */
interface Loaded {
  readonly digest: string;
  isDisposed: boolean;
}

const nobody = '127.0.0.1:1';

async function startRegistry(world: TinyWorld) {
  const service = createRegistryService({
    bus: world.bus,
    lineage: world.lineages,
    projectionFile: join(world.folder, 'registry.sqlite'),
    keys: KeyRing.open(join(world.folder, 'keys'), new Date()),
    retention: retentionOf(readConfig(registrySettings, { env: {}, argv: [] })),
    log: silentLog,
    onFatal: () => {},
  });
  await service.start();
  const server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    log: silentLog,
  });
  return {
    address: server.address,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** Promotes a version whose weights are those of the original with one byte changed. */
async function promote(world: TinyWorld, sequence: number): Promise<Digest> {
  const { record } = (await world.lineages.registration('tiny'))!;
  const bytes = Buffer.from(await world.lineages.blobs.get(record.weightsDigest as Digest));
  bytes[0] = sequence;
  const weights = await world.lineages.blobs.put(bytes);
  const { pointer, etag } = (await world.lineages.serving('tiny'))!;
  const next = {
    ...pointer,
    generation: pointer.generation + 1,
    sequence,
    weightsDigest: weights,
    promotedTime: new Date(),
  };
  expect((await world.lineages.moveServing(next, etag)).kind).toBe('moved');
  return weights;
}

function options(world: TinyWorld, address: string, states: ServedModelState[] = []) {
  return {
    address,
    // Nobody is there in some tests; a registry that is there, on a busy machine, is waited for.
    connection: { waitForReadyMs: address === nobody ? 500 : 20_000 },
    store: world.lineages.store,
    modelKey: 'tiny',
    folder: join(world.folder, 'served'),
    server: 'pod-1',
    async load({ folder }: { folder: string }): Promise<Loaded> {
      JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
      const digest = sha256(await readFile(join(folder, 'weights.bin')));
      return { digest, isDisposed: false };
    },
    dispose: (value: Loaded) => {
      value.isDisposed = true;
    },
    onChange: (state: ServedModelState) => states.push(state),
  };
}

describe('a served model', () => {
  it('is exchanged under load without one failed use', async () => {
    await using world = await TinyWorld.create(['tiny']);
    await using registry = await startRegistry(world);
    await using model = await ServedModel.start(options(world, registry.address));
    const seen = new Set<string>();
    let uses = 0;
    let failures = 0;
    let isOver = false;
    const user = async () => {
      while (!isOver) {
        try {
          await model.use(async (value) => {
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
            if (value.isDisposed) throw new Error('it was disposed of while in use');
            seen.add(value.digest);
          });
          uses += 1;
        } catch {
          failures += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const users = Array.from({ length: 8 }, user);
    let last = '';
    try {
      for (let sequence = 1; sequence <= 6; sequence++) {
        last = await promote(world, sequence);
        await expect.poll(() => [...seen]).toContain(last);
      }
    } finally {
      isOver = true;
      await Promise.all(users);
    }
    expect(failures).toBe(0);
    expect(uses).toBeGreaterThan(100);
    await expect
      .poll(() => model.state)
      .toMatchObject({ kind: 'current', pointer: { weightsDigest: last } });
  });

  it('goes on with the last good one: bad bytes, no registry, a restart without one', async () => {
    await using world = await TinyWorld.create(['tiny']);
    const states: ServedModelState[] = [];
    let good: string;
    {
      await using registry = await startRegistry(world);
      await using model = await ServedModel.start(options(world, registry.address, states));
      good = await promote(world, 1);
      await expect.poll(() => model.use(({ digest }) => digest)).toBe(good);
      const bad = await promote(world, 2);
      await world.lineages.store.put(blobKey(bad), Buffer.from('other bytes'));
      await expect.poll(() => model.state.kind).toBe('last-good');
      expect(model.state).toMatchObject({ reason: expect.stringMatching(/digest|size/) });
      expect(await model.use(({ digest }) => digest)).toBe(good);
    }
    await using restarted = await ServedModel.start(options(world, nobody, states));
    expect(restarted.state).toMatchObject({ kind: 'last-good', pointer: { sequence: 1 } });
    expect(await restarted.use(({ digest }) => digest)).toBe(good);
  });

  it('says what is wrong when there is neither a registry nor a last good one', async () => {
    await using world = await TinyWorld.create(['tiny']);
    await expect(ServedModel.start(options(world, nobody))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
