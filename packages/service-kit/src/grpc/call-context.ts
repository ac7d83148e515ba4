import { anyone, type Identity } from '../security/identity.ts';

/** What a handler knows of a call beside its request. */
export interface CallContext {
  /** For example `/lethe.v1.IngestService/SubmitDeletion`. */
  readonly method: string;
  /** Aborted when the caller has gone, the deadline has passed or the server is closing. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting. Streams without one last until they are cancelled. */
  readonly deadline: Date | undefined;
  readonly identity: Identity;
  /** A text header of the call (gRPC metadata). */
  header(name: string): string | undefined;
}

/** For calling a handler without a transport: tests, and intake over HTTP. */
export function localCall(
  method: string,
  options: {
    headers?: Readonly<Record<string, string>>;
    signal?: AbortSignal;
    identity?: Identity;
  } = {},
): CallContext {
  return {
    method,
    signal: options.signal ?? new AbortController().signal,
    deadline: undefined,
    identity: options.identity ?? anyone,
    header: (name) => options.headers?.[name.toLowerCase()],
  };
}
