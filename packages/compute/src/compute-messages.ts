import type { Backend, BackendOptions } from './backend.ts';
import type { TransferredError } from './transferred-error.ts';

/** What a compute process is told. */
export type Command =
  | { readonly kind: 'open'; readonly backend: BackendOptions }
  | { readonly kind: 'run'; readonly moduleUrl: string; readonly input: unknown }
  | { readonly kind: 'cancel' };

/** What a compute process tells. Between `run` and `done` or `failed` it has one job. */
export type Report =
  | { readonly kind: 'opened'; readonly backend: Backend }
  | { readonly kind: 'progress'; readonly progress: unknown }
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: TransferredError };
