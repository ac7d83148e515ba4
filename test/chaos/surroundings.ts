import type { ObjectStore } from '@lethe/store';
import type { ServerProcess } from '../support/servers/server-process.ts';
import type { TopicRecord } from './checker/observed.ts';

/** The bus and the store that a run stands on, real ones. */
export interface Surroundings extends AsyncDisposable {
  readonly name: string;
  /** Makes the services use them. */
  readonly serviceEnv: Readonly<Record<string, string>>;
  /** A member of a consumer group that was silent for this long is held for dead. */
  readonly sessionTimeoutMs: number;
  /** For setting the run up, not for the checker. */
  openStore(): Promise<ObjectStore>;
  /** What a supervisor may kill beside the services. */
  readonly victims: readonly Victim[];
  /** The checker's own reading. */
  readonly observer: Observer;
}

export interface Victim {
  readonly name: string;
  /** The process to kill now: of brokers the one that leads something. */
  pick(random: () => number): Promise<ServerProcess>;
}

export interface Observer {
  listObjects(prefix: string): Promise<readonly string[]>;
  readObject(key: string): Promise<Uint8Array | undefined>;
  /** Every record of every topic, as committed. */
  readTopics(): Promise<ReadonlyMap<string, readonly TopicRecord[]>>;
}
