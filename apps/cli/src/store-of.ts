import { openStore, type StoreConfig, storeSettings } from '@lethe/service-kit';
import type { ObjectStore } from '@lethe/store';
import type { GlobalOptions } from './command-function.ts';
import { homeLayout } from './embedded/home-layout.ts';
import { readConfigOptions } from './grammar/config-options.ts';

export interface StoreOptions extends GlobalOptions {
  /** Address of an object store. */
  readonly store?: string;
}

/** Settings of the store that a command names, the environment, or else `--home`. */
export function storeConfigOf(options: StoreOptions): StoreConfig {
  const config = readConfigOptions(storeSettings, { ...options });
  const isNamed =
    options.store !== undefined || (process.env[storeSettings.store.env] ?? '') !== '';
  return isNamed ? config : { ...config, store: `folder:${homeLayout(options.home).store}` };
}

/** @throws LetheError `invalid` for settings that cannot work */
export async function openStoreOf(options: StoreOptions): Promise<ObjectStore> {
  return await openStore(storeConfigOf(options));
}
