import type {
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  StoredObject,
  WriteCondition,
  WriteOutcome,
} from '@lethe/store';
import { addSpanEvent, count, inSpan, isTracedHere, measure } from '@lethe/telemetry';
import { timed } from './timed.ts';

/**
 * An object store whose operations are measured, and are spans inside whatever is being traced.
 * Looking around in the background makes no traces of its own.
 */
export class TracedStore implements ObjectStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get(key: string): Promise<StoredObject | undefined> {
    return traced('get', key, () => this.#store.get(key));
  }

  download(key: string, file: string): Promise<boolean> {
    return traced('download', key, () => this.#store.download(key, file));
  }

  put(key: string, body: ObjectBody, condition?: WriteCondition): Promise<WriteOutcome> {
    return traced('put', key, async () => {
      const outcome = await this.#store.put(key, body, condition);
      // A blob that is there already is the same blob, and the probe's races are its own.
      if (outcome.kind === 'refused' && !/^(blobs|probe)/.test(key)) {
        count('lethe.store.conflicts', { record: kindOf(key) });
        addSpanEvent('write lost to another', { 'lethe.store.key': key });
      }
      return outcome;
    });
  }

  list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo> {
    return this.#store.list(prefix, options);
  }

  deleteAllVersions(key: string): Promise<number> {
    return traced('delete', key, () => this.#store.deleteAllVersions(key));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#store[Symbol.asyncDispose]());
  }
}

function traced<T>(operation: string, key: string, work: () => Promise<T>): Promise<T> {
  const measured = () =>
    timed(work, (seconds, outcome) =>
      measure('lethe.store.operation.duration', seconds, { operation, outcome }),
    );
  if (!isTracedHere()) return measured();
  const attributes = { 'lethe.store.operation': operation, 'lethe.store.key': key };
  return inSpan(`${operation} ${kindOf(key)}`, { kind: 'client', attributes }, measured);
}

/** A name with few values: `blobs`, or what a model's record is, for example `manifests`. */
function kindOf(key: string): string {
  const [top = '', , kind] = key.split('/');
  return top === 'models' && kind !== undefined ? kind.replace(/\.json$/, '') : top;
}
