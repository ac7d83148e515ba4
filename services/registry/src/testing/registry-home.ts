import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessageBus, SqliteBus } from '@lethe/bus';
import {
  DeletionRequested,
  type Digest,
  ModelRegistration,
  type ModelVerdict,
  Outcome,
  RoundManifest,
  Verdict,
} from '@lethe/contracts';
import { KeyRing } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { ResourceStack } from '@lethe/service-kit';
import { BlobStore, FolderStore } from '@lethe/store';
import type { Retention } from '../maintenance.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface RegistryHome extends AsyncDisposable {
  readonly folder: string;
  readonly bus: MessageBus;
  readonly lineage: LineageStore;
  readonly projectionFile: string;
  readonly keys: KeyRing;
  readonly retention: Retention;
  register(modelKey: string): Promise<void>;
}

/** A folder with a bus, a store and one registered model, `m1`; removed when disposed. */
export async function openRegistryHome(): Promise<RegistryHome> {
  const stack = new ResourceStack();
  const folder = await mkdtemp(join(tmpdir(), 'lethe-registry-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bus = stack.use(await SqliteBus.open({ file: join(folder, 'bus.sqlite') }));
  const store = stack.use(await FolderStore.open(join(folder, 'store')));
  const lineage = new LineageStore(store, new BlobStore(store));
  const original = await lineage.blobs.put(Buffer.from('original'));
  const register = async (modelKey: string) => {
    await lineage.register(
      ModelRegistration.fromPartial({
        modelKey,
        topologyDigest: original,
        weightsDigest: original,
        trainingManifestDigest: original,
        classCount: 10,
        registeredTime: new Date('2026-01-01T00:00:00Z'),
      }),
    );
  };
  await register('m1');
  return {
    folder,
    bus,
    lineage,
    register,
    projectionFile: join(folder, 'registry.sqlite'),
    keys: KeyRing.open(join(folder, 'keys'), new Date('2026-01-01T00:00:00Z')),
    retention: {
      weightsMs: 7 * dayMs,
      orphansMs: 2 * dayMs,
      auditLogMs: 731 * dayMs,
      everyMs: dayMs,
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

export interface CandidateOptions {
  readonly sequence: number;
  /** Sequence the round starts from. */
  readonly parent?: number;
  /** Request id → rows in this round; `more` when rows remain after it. */
  readonly parts?: readonly {
    requestId: string;
    rows: number[];
    of?: number[];
    /** Samples of the class that the request names, in place of rows. */
    ofClass?: number;
    more?: boolean;
  }[];
  readonly roundOutcome?: string;
  readonly outcome?: Outcome;
  /** Version the verdict was made against; default: the parent. */
  readonly judgedAgainst?: number;
  /** Policy that the verdict names. */
  readonly policyDigest?: string;
}

/** Commits a round and its verdict as unlearner and evaluator do; gives the verdict's event. */
export async function commitCandidate(
  { lineage }: RegistryHome,
  options: CandidateOptions,
): Promise<ModelVerdict> {
  const { sequence, parent = 0, outcome = Outcome.OUTCOME_PASS, judgedAgainst = parent } = options;
  const weights = await lineage.blobs.put(weightsOf(sequence));
  const manifest = RoundManifest.fromPartial({
    modelKey: 'm1',
    sequence,
    entry: {
      $case: 'round',
      value: {
        parentSequence: parent,
        parentWeightsDigest: await digestOf(lineage, parent),
        weightsDigest: weights,
        stateDigest: weights,
        metrics: { outcome: options.roundOutcome ?? 'forgotten' },
        parts: (options.parts ?? []).map(
          ({ requestId, rows, of = rows, ofClass, more = false }) => ({
            request: DeletionRequested.fromPartial({
              requestId,
              emitter: 'shop',
              modelKey: 'm1',
              scope:
                ofClass === undefined
                  ? { $case: 'rows', value: { rows: of } }
                  : { $case: 'classLabel', value: 0 },
              sampleCount: ofClass ?? of.length,
              submittedTime: new Date('2026-01-10T00:00:00Z'),
              deadline: new Date('2026-02-10T00:00:00Z'),
            }),
            rows,
            last: !more,
          }),
        ),
      },
    },
  });
  const { digest: manifestDigest } = await lineage.commitManifest(manifest);
  const verdict = Verdict.fromPartial({
    modelKey: 'm1',
    sequence,
    manifestDigest,
    weightsDigest: weights,
    servedSequence: judgedAgainst,
    servedWeightsDigest: await digestOf(lineage, judgedAgainst),
    outcome,
    policyDigest: options.policyDigest ?? '',
  });
  const { digest: verdictDigest } = await lineage.putVerdict(verdict);
  return { modelKey: 'm1', sequence, manifestDigest, verdictDigest, outcome };
}

function weightsOf(sequence: number): Buffer {
  return Buffer.from(sequence === 0 ? 'original' : `weights ${sequence}`);
}

async function digestOf(lineage: LineageStore, sequence: number): Promise<Digest> {
  return await lineage.blobs.put(weightsOf(sequence));
}
