import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IncomingRecord, type MessageBus, SqliteBus } from '@lethe/bus';
import {
  allTopics,
  type Decision,
  DeletionRequested,
  Mode,
  ModelDecided,
  type RoundManifest,
  ServingPointer,
  type TopicSpec,
  topics,
} from '@lethe/contracts';
import { LineageStore, requestKey } from '@lethe/lineage';
import { encodeEvent } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import { registerTinyModel, type TinyNetwork, trainTinyNetwork } from './tiny-network.ts';
import { writeTinyPictures } from './tiny-pictures.ts';

export interface RequestGiven {
  readonly modelKey?: string;
  readonly requestId?: string;
  readonly rows?: readonly number[];
  readonly classLabel?: number;
  readonly mode?: Mode;
  readonly relabelTo?: number;
  readonly deadline?: Date;
}

/** A folder with data, a store and a bus, real ones, and one small registered model. */
export class TinyWorld implements AsyncDisposable {
  readonly folder: string;
  readonly bus: MessageBus;
  readonly lineages: LineageStore;
  readonly network: TinyNetwork;

  private constructor(
    folder: string,
    bus: MessageBus,
    lineages: LineageStore,
    network: TinyNetwork,
  ) {
    this.folder = folder;
    this.bus = bus;
    this.lineages = lineages;
    this.network = network;
  }

  static async create(modelKeys: readonly string[] = ['tiny']): Promise<TinyWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-world-'));
    await mkdir(join(folder, 'data'));
    await writeTinyPictures(join(folder, 'data'));
    network ??= trainTinyNetwork(join(folder, 'data'));
    const world = new TinyWorld(folder, ...(await openParts(folder)), await network);
    await world.bus.ensureTopics(allTopics);
    for (const modelKey of modelKeys) {
      await registerTinyModel(world.lineages, world.network, join(folder, 'data'), modelKey);
    }
    return world;
  }

  /** An event as ingest would have published it. */
  async request(given: RequestGiven): Promise<DeletionRequested> {
    const modelKey = given.modelKey ?? 'tiny';
    const registered = await this.lineages.registration(modelKey);
    const requestId = given.requestId ?? randomUUID();
    return DeletionRequested.fromPartial({
      requestId,
      emitter: 'shop',
      modelKey,
      requestDigest: requestId,
      trainingManifestDigest: registered?.record.trainingManifestDigest ?? '',
      scope:
        given.classLabel === undefined
          ? { $case: 'rows', value: { rows: [...(given.rows ?? [])] } }
          : { $case: 'classLabel', value: given.classLabel },
      mode: given.mode ?? Mode.MODE_UNTRAIN,
      ...(given.relabelTo === undefined ? {} : { relabelTo: given.relabelTo }),
      submittedTime: new Date(0),
      acceptedTime: new Date(0),
      deadline: given.deadline ?? new Date(Date.now() + 30 * 24 * 3600 * 1000),
    });
  }

  /** Publishes a request. @returns its key in the lineage */
  async submit(given: RequestGiven): Promise<string> {
    const [key] = await this.submitTogether(given);
    return key!;
  }

  /** Publishes requests in one transaction: who reads one of them can read all. @returns their keys */
  async submitTogether(...given: readonly RequestGiven[]): Promise<string[]> {
    const requests = await Promise.all(given.map((each) => this.request(each)));
    await this.bus.publish(
      requests.map((request) =>
        encodeEvent(topics.deletionRequested, request.modelKey, DeletionRequested, request),
      ),
    );
    return requests.map(requestKey);
  }

  /** The whole log of a model. */
  async log(modelKey = 'tiny'): Promise<RoundManifest[]> {
    const entries: RoundManifest[] = [];
    for (;;) {
      const found = await this.lineages.manifest(modelKey, entries.length + 1);
      if (found === undefined) return entries;
      entries.push(found.record);
    }
  }

  /** Decides as the registry would: pointer, decision, event. */
  async decide(manifest: RoundManifest, promoted: boolean): Promise<void> {
    const { modelKey, sequence, entry } = manifest;
    if (entry?.$case !== 'round') throw new Error('only rounds are decided');
    const found = await this.lineages.manifest(modelKey, sequence);
    const manifestDigest = found?.digest ?? '';
    if (promoted) {
      const serving = await this.lineages.serving(modelKey);
      await this.lineages.moveServing(
        ServingPointer.fromPartial({
          modelKey,
          generation: (serving?.pointer.generation ?? 0) + 1,
          sequence,
          topologyDigest: '',
          weightsDigest: entry.value.weightsDigest,
          manifestDigest,
          verdictDigest: '',
          promotedTime: new Date(0),
        }),
        serving?.etag,
      );
    }
    const decision: Decision = {
      modelKey,
      sequence,
      manifestDigest,
      verdictDigest: '',
      promoted,
      reason: promoted ? 'promoted' : 'verdict_failed',
      explanation: '',
      decidedTime: new Date(0),
    };
    const put = await this.lineages.putDecision(decision);
    const event = ModelDecided.fromPartial({
      modelKey,
      sequence,
      manifestDigest,
      decisionDigest: put.digest,
      promoted,
    });
    await this.bus.publish([encodeEvent(topics.modelDecided, modelKey, ModelDecided, event)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Trained once for all worlds of a test file. */
let network: Promise<TinyNetwork> | undefined;

/** Opens bus and store of a world's folder, also from another process. */
async function openParts(folder: string): Promise<[MessageBus, LineageStore]> {
  const bus = await SqliteBus.open({ file: join(folder, 'bus.sqlite') });
  await mkdir(join(folder, 'store'), { recursive: true });
  const store = await FolderStore.open(join(folder, 'store'));
  return [
    bus,
    new LineageStore(store, new BlobStore(store, { cacheFolder: join(folder, 'cache') })),
  ];
}

/** Everything that a topic holds and will hold, in order per partition, until disposed of. */
export async function tapTopic(
  bus: MessageBus,
  topic: TopicSpec,
  onRecord: (record: IncomingRecord) => Promise<void> = async () => {},
): Promise<Tap> {
  const records: IncomingRecord[] = [];
  const group = `tap-${randomUUID()}`;
  const consumption = await bus.consume({
    group,
    topics: [topic.name],
    onPartition: async (partition) => {
      while (!partition.lost.aborted) {
        for (const record of await partition.read(100, 200)) {
          records.push(record);
          await onRecord(record);
          await partition.commit(record.offset + 1n, []);
        }
      }
    },
    onFatal: (error) => {
      throw error;
    },
  });
  return {
    records,
    caughtUp: () =>
      until('everything published so far was read', async () => {
        const partitions = await bus.lag(group, [topic.name]);
        return partitions.every(({ lag }) => lag === 0n);
      }),
    [Symbol.asyncDispose]: () => consumption[Symbol.asyncDispose](),
  };
}

/** What stands on a topic, read beside whoever else reads it. */
interface Tap extends AsyncDisposable {
  readonly records: readonly IncomingRecord[];
  /** Resolves when `records` holds all that has been published. */
  caughtUp(): Promise<void>;
}

/**
 * Waits until `holds` is true. By default for almost as long as a test may take: a busy machine is
 * no failure, and what was waited for is told.
 *
 * @throws when it is not within `ms`
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 100_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
