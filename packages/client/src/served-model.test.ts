import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  LetheError,
  RegistryServiceService,
  ReleaseServiceService,
  type ReportServingRequest,
  ServingPointer,
} from '@lethe/contracts';
import {
  type Handlers,
  implementService,
  silentLog,
  startGrpcServer,
  type TypedService,
} from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServedModel } from './served-model.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-served-model-'));
});
afterEach(() => rm(root, { recursive: true }));

const servedFolder = () => join(root, 'served');
const day = (number: number) => new Date(Date.UTC(2026, 0, number));

/** Handlers that a test gives; whatever else is called fails. */
function only<S extends TypedService>(service: S, given: Partial<Handlers<S>>): Handlers<S> {
  const absent = Object.keys(service).map((name) => [
    name,
    async () => {
      throw new LetheError('internal', `${name} is not expected`);
    },
  ]);
  return { ...Object.fromEntries(absent), ...given };
}

/** A store with models of any generation, and a registry that says what it is told to say. */
async function open() {
  const store = await FolderStore.open(join(root, 'store'));
  const blobs = new BlobStore(store);
  const pointerOf = async (generation: number, promotedTime = day(generation)) =>
    ServingPointer.fromPartial({
      ...{ modelKey: 'm', generation, promotedTime },
      topologyDigest: await blobs.put(Buffer.from('{"modelTopology":{},"weightSpecs":[]}')),
      weightsDigest: await blobs.put(Buffer.from(`weights ${generation}`)),
    });
  let said = await pointerOf(1);
  const reports: ReportServingRequest[] = [];
  const registry = only(RegistryServiceService, {
    getServing: async () => said,
    // Ends when something else is said, as it does when another registry takes over.
    async *watchServing({ afterGeneration }, { signal }) {
      const begun = said;
      while (said === begun && !signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (said.generation > afterGeneration) yield said;
    },
  });
  const release = only(ReleaseServiceService, {
    async reportServing(report) {
      reports.push(report);
      return said;
    },
  });
  const server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: [
      implementService(RegistryServiceService, registry),
      implementService(ReleaseServiceService, release),
    ],
    log: silentLog,
  });
  return {
    pointerOf,
    reports,
    say(pointer: ServingPointer) {
      said = pointer;
    },
    start: () =>
      ServedModel.start({
        ...{ address: server.address, store, modelKey: 'm', server: 'pod-1' },
        folder: servedFolder(),
        load: ({ folder }) => readFile(join(folder, 'weights.bin'), 'utf8'),
      }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const weightsOf = (model: ServedModel<string>) => model.use((text) => text);

describe('a served model', () => {
  it('never goes below what it served, though a registry says so, before and after a restart', async () => {
    await using world = await open();
    world.say(await world.pointerOf(3));
    {
      await using model = await world.start();
      expect(await weightsOf(model)).toBe('weights 3');
      world.say(await world.pointerOf(2));
      await expect.poll(() => model.state.kind).toBe('last-good');
      expect(model.state).toMatchObject({
        pointer: { generation: 3 },
        reason: expect.stringMatching(/says that generation 2 of m serves.*generation 3 served/),
      });
      expect(await weightsOf(model)).toBe('weights 3');
    }
    await using restarted = await world.start();
    expect(restarted.state).toMatchObject({ kind: 'last-good', pointer: { generation: 3 } });
    expect(await weightsOf(restarted)).toBe('weights 3');
    world.say(await world.pointerOf(4));
    await expect.poll(() => restarted.state.kind).toBe('current');
    expect(await weightsOf(restarted)).toBe('weights 4');
  });

  it('follows a model that was registered anew, later than what it served', async () => {
    await using world = await open();
    world.say(await world.pointerOf(3));
    await using model = await world.start();
    world.say(await world.pointerOf(1, day(9)));
    await expect.poll(() => weightsOf(model)).toBe('weights 1');
  });

  it('leaves no copy of superseded weights on its disk, nor those of the version before', async () => {
    await using world = await open();
    await mkdir(join(servedFolder(), 'blobs'), { recursive: true });
    await writeFile(join(servedFolder(), 'blobs', 'f'.repeat(64)), 'weights 0');
    await using model = await world.start();
    world.say(await world.pointerOf(2));
    await expect.poll(() => weightsOf(model)).toBe('weights 2');
    const texts = async () => {
      const entries = await readdir(servedFolder(), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const all = files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8'));
      return (await Promise.all(all)).filter((text) => text.startsWith('weights'));
    };
    await expect.poll(texts).toEqual(['weights 2']);
  });

  it('goes on with the next ones while somebody uses a former one without end', async () => {
    await using world = await open();
    await using model = await world.start();
    let end = (_: string) => {};
    const endless = model.use(
      (text) =>
        new Promise<string>((resolve) => {
          end = () => resolve(text);
        }),
    );
    for (const generation of [2, 3]) {
      world.say(await world.pointerOf(generation));
      await expect.poll(() => weightsOf(model)).toBe(`weights ${generation}`);
    }
    end('');
    expect(await endless).toBe('weights 1');
  });

  it('tells the registry what it runs', async () => {
    await using world = await open();
    await using _model = await world.start();
    await expect.poll(() => world.reports[0]).toBeDefined();
    const { weightsDigest } = await world.pointerOf(1);
    expect(world.reports[0]).toMatchObject({
      ...{ modelKey: 'm', server: 'pod-1', generation: 1, weightsDigest },
    });
  });
});
