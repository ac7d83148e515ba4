import { basename, dirname, join } from 'node:path';
import { messageLogVersion } from '@lethe/bus';
import { requestIndexVersion } from '@lethe/ingest';
import { deadLetterIndexVersion, projectionVersion } from '@lethe/registry';
import type { HomeLayout } from './home-layout.ts';

/** One SQLite file of a home. */
export interface HomeDatabase {
  readonly file: string;
  /** For people. */
  readonly what: string;
  /** Newest `user_version` that this Lethe can use. */
  readonly version: number;
}

/**
 * In the order in which they may be copied while Lethe runs: what intake has sent is in the log,
 * and what views have read of the log is in them.
 */
export function homeDatabases({ ingest, bus, registry }: HomeLayout): readonly HomeDatabase[] {
  const deadLetters = `${basename(registry, '.sqlite')}-dead-letters.sqlite`;
  return [
    { file: ingest, what: 'request index', version: requestIndexVersion },
    { file: bus, what: 'message log', version: messageLogVersion },
    { file: registry, what: 'request projection', version: projectionVersion },
    {
      file: join(dirname(registry), deadLetters),
      what: 'index of dead letters',
      version: deadLetterIndexVersion,
    },
  ];
}
