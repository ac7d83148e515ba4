import { join, resolve } from 'node:path';

/** Where an embedded Lethe keeps everything. */
export interface HomeLayout {
  readonly root: string;
  readonly bus: string;
  readonly store: string;
  readonly cache: string;
  readonly ingest: string;
  readonly registry: string;
  /** Signing keys. */
  readonly keys: string;
  readonly runtime: string;
  /** There while a restore has not ended. */
  readonly restoring: string;
}

export function homeLayout(home: string): HomeLayout {
  const root = resolve(home);
  return {
    root,
    bus: join(root, 'bus.sqlite'),
    store: join(root, 'store'),
    cache: join(root, 'cache'),
    ingest: join(root, 'ingest.sqlite'),
    registry: join(root, 'registry.sqlite'),
    keys: join(root, 'keys'),
    runtime: join(root, 'runtime.json'),
    restoring: join(root, 'restoring.json'),
  };
}
