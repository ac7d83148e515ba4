import type { AbsentBackend, Backend } from './backend.ts';

/** What trying one backend came to. */
export type OpenAttempt =
  | { readonly kind: 'open'; readonly backend: Backend }
  | { readonly kind: 'absent'; readonly absent: readonly AbsentBackend[] };
