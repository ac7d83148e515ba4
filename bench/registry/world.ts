import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  Decision,
  DeletionRequested,
  DeletionStatus,
  encodeRecord,
  ModelVerdict,
  Outcome,
  PurgeRecord,
  RequestState,
  RoundManifest,
  ServingPointer,
  sha256,
  topics,
  Verdict,
} from '@lethe/contracts';
import { decisionKey, logKey, manifestKey, moveKey, verdictKey } from '@lethe/lineage';
import { encodeEvent } from '@lethe/service-kit';
import type { ObjectStore } from '@lethe/store';
import { pathOfKey } from '../../packages/store/src/folder/key-path.ts';

export const modelKey = 'history';
export const original = sha256('original');
const topology = sha256('topology');
/** Versions whose weights are still there. */
const kept = 50;
const hourMs = 3_600_000;

export interface WorldSize {
  readonly versions: number;
  readonly requests: number;
}

/** A model whose every version has forgotten the same number of requests, made a minute apart. */
export class World implements WorldSize {
  readonly versions: number;
  readonly requests: number;
  readonly #requestsEach: number;
  readonly #endMs: number;

  constructor({ versions, requests }: WorldSize, now: Date) {
    this.versions = versions;
    this.#requestsEach = Math.max(1, Math.round(requests / versions));
    this.requests = versions * this.#requestsEach;
    // Further versions are a minute apart too, and none may be yet to come.
    this.#endMs = now.getTime() - 48 * hourMs;
  }

  timeOf(sequence: number): Date {
    return new Date(this.#endMs - (this.versions - sequence) * 60_000);
  }

  requestIds(sequence: number): string[] {
    return Array.from({ length: this.#requestsEach }, (_, at) => {
      const number = (sequence - 1) * this.#requestsEach + at;
      return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
    });
  }

  weights(sequence: number): Buffer {
    return Buffer.from(sequence === 0 ? 'original' : `weights ${sequence}`);
  }

  manifest(sequence: number): RoundManifest {
    const weightsDigest = sha256(this.weights(sequence));
    return RoundManifest.fromPartial({
      modelKey,
      sequence,
      createdTime: this.timeOf(sequence),
      entry: {
        $case: 'round',
        value: {
          parentSequence: sequence - 1,
          parentWeightsDigest: sha256(this.weights(sequence - 1)),
          weightsDigest,
          stateDigest: weightsDigest,
          method: 'lethe',
          backend: 'wasm-simd',
          settingsJson: '{"max_steps":300}',
          metrics: { outcome: 'forgotten', steps: 20, seconds: 1.5 },
          parts: this.requestIds(sequence).map((requestId) => ({
            request: this.#request(requestId, sequence),
            rows: [1, 2, 3, 4],
            last: true,
          })),
        },
      },
    });
  }

  verdict(sequence: number, manifestDigest: string): Verdict {
    return Verdict.fromPartial({
      modelKey,
      sequence,
      manifestDigest,
      weightsDigest: sha256(this.weights(sequence)),
      servedSequence: sequence - 1,
      servedWeightsDigest: sha256(this.weights(sequence - 1)),
      outcome: Outcome.OUTCOME_PASS,
      checks: [{ name: 'held_out_accuracy.vs_served', observed: 0.9, sampleCount: 1_000 }],
    });
  }

  pointer(sequence: number): ServingPointer {
    return ServingPointer.fromPartial({
      modelKey,
      generation: sequence + 1,
      sequence,
      topologyDigest: topology,
      weightsDigest: sha256(this.weights(sequence)),
      promotedTime: this.timeOf(sequence),
    });
  }

  /** What a request was said to be: taken in, and, but for one in a hundred, completed. */
  statuses(sequence: number): DeletionStatus[] {
    return this.requestIds(sequence).flatMap((requestId, at) => {
      const accepted = this.#status(requestId, sequence);
      if (sequence % 10 === 0 && at === 0 && this.#requestsEach > 1) return [accepted];
      const state = RequestState.REQUEST_STATE_COMPLETED;
      return [accepted, { ...accepted, state, sequence, time: this.timeOf(sequence) }];
    });
  }

  acceptedEvents(sequence: number) {
    return this.requestIds(sequence).map((requestId) =>
      encodeEvent(
        topics.deletionStatus,
        modelKey,
        DeletionStatus,
        this.#status(requestId, sequence),
      ),
    );
  }

  verdictEvent(sequence: number, manifestDigest: string, verdictDigest: string) {
    const outcome = Outcome.OUTCOME_PASS;
    const verdict = { modelKey, sequence, manifestDigest, verdictDigest, outcome };
    return encodeEvent(topics.modelVerdict, modelKey, ModelVerdict, verdict);
  }

  /**
   * The records of a version that was promoted and, but for the last ones, purged, as files of a
   * folder store; without its fsyncs, which are not measured.
   */
  write(store: string, sequence: number): void {
    const decidedTime = this.timeOf(sequence);
    const manifest = encodeRecord(RoundManifest, this.manifest(sequence));
    const verdict = encodeRecord(Verdict, this.verdict(sequence, sha256(manifest)));
    const decision = Decision.fromPartial({
      ...{ modelKey, sequence, decidedTime, promoted: true, reason: 'promoted' },
      manifestDigest: sha256(manifest),
      verdictDigest: sha256(verdict),
    });
    putFile(store, manifestKey(modelKey, sequence), manifest);
    putFile(store, verdictKey(modelKey, sequence), verdict);
    putFile(store, decisionKey(modelKey, sequence), encodeRecord(Decision, decision));
    const move = encodeRecord(ServingPointer, this.pointer(sequence));
    putFile(store, moveKey(modelKey, sequence + 1), move);
    const deletedDigests = [sha256(this.weights(sequence))];
    if (sequence <= this.versions - kept) {
      const purge = { modelKey, sequence, deletedDigests, objectVersionsDeleted: 1 };
      const record = encodeRecord(PurgeRecord, { ...purge, time: decidedTime });
      putFile(store, logKey(modelKey, 'purges', sequence), record);
    } else {
      // Old enough for whoever collects what nobody names.
      const file = putFile(store, `blobs/${deletedDigests[0]}`, this.weights(sequence));
      const old = new Date(decidedTime.getTime() - 30 * 24 * hourMs);
      utimesSync(file, old, old);
    }
  }

  #request(requestId: string, sequence: number): DeletionRequested {
    const { submittedTime, deadline } = this.#status(requestId, sequence);
    return DeletionRequested.fromPartial({
      ...{ requestId, emitter: 'shop', modelKey, requestDigest: sha256(requestId) },
      scope: { $case: 'rows', value: { rows: [1, 2, 3, 4] } },
      ...(submittedTime && { submittedTime, acceptedTime: submittedTime }),
      ...(deadline && { deadline }),
    });
  }

  #status(requestId: string, sequence: number): DeletionStatus {
    const submittedTime = new Date(this.timeOf(sequence).getTime() - 2 * hourMs);
    return DeletionStatus.fromPartial({
      ...{ requestId, emitter: 'shop', modelKey, sampleCount: 4 },
      state: RequestState.REQUEST_STATE_ACCEPTED,
      time: submittedTime,
      submittedTime,
      // Far ahead: what is near its deadline is spoken of, and that is not measured.
      deadline: new Date('2126-01-01T00:00:00Z'),
    });
  }
}

const made = new Set<string>();

function putFile(store: string, key: string, bytes: Uint8Array): string {
  const { folders, file } = pathOfKey(key.split('/'));
  const path = join(store, 'objects', ...folders, file);
  const folder = dirname(path);
  if (!made.has(folder)) mkdirSync(folder, { recursive: true });
  made.add(folder);
  writeFileSync(path, bytes);
  return path;
}

/** The same store without its fsyncs, which are not measured; for one writer. */
export function withoutSyncs(root: string, store: ObjectStore): ObjectStore {
  const pathOf = (key: string) => {
    const { folders, file } = pathOfKey(key.split('/'));
    return join(root, 'objects', ...folders, file);
  };
  return {
    get: (key) => store.get(key),
    download: (key, file) => store.download(key, file),
    list: (prefix, options) => store.list(prefix, options),
    async put(key, body, condition) {
      if (!(body instanceof Uint8Array)) throw new TypeError(`${key} is given as a file`);
      if (condition !== undefined && existsSync(pathOf(key))) return { kind: 'refused' };
      putFile(root, key, body);
      return { kind: 'stored', etag: '' };
    },
    async deleteAllVersions(key) {
      rmSync(pathOf(key));
      return 1;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
