import { readConfig, type StoreConfig, storeSettings } from '@lethe/service-kit';
import type { GlobalOptions } from '../command-function.ts';
import { homeLayout } from '../embedded/home-layout.ts';

export interface AuditStoreOptions {
  readonly store?: string;
}

/** The store that a command reads: `--store`, or the one in `--home`; keys as services take them. */
export function storeConfigOf(options: AuditStoreOptions & GlobalOptions): StoreConfig {
  const store = options.store ?? `folder:${homeLayout(options.home).store}`;
  return readConfig(storeSettings, { env: { ...process.env, LETHE_STORE: store }, argv: [] });
}
