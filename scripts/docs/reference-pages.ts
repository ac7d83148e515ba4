import { apiReference } from './api-reference.ts';
import { commandReference } from './command-reference.ts';
import { configurationReference } from './configuration-reference.ts';

/** Pages of docs/ that are made from code. */
export const referencePages = {
  'api.md': apiReference,
  'configuration.md': configurationReference,
  'cli.md': commandReference,
} as const;
