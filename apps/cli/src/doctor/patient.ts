import type { BusConfig, StoreConfig } from '@lethe/service-kit';
import type { GlobalOptions } from '../command-function.ts';
import type { HomeLayout } from '../embedded/home-layout.ts';

/** The Lethe that is looked at. */
export interface Patient {
  readonly options: GlobalOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly layout: HomeLayout;
  readonly bus: BusConfig;
  readonly store: StoreConfig;
  /** Everything is in `layout`; otherwise services run apart on `bus` and `store`. */
  readonly isEmbedded: boolean;
}
