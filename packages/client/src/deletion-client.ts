import {
  DeletionRequest,
  type DeletionStatus,
  IngestServiceClient,
  type Receipt,
  RegistryServiceClient,
  RequestState,
} from '@lethe/contracts';
import { type ConnectOptions, connect, ResourceStack } from '@lethe/service-kit';

const pollMs = 1_000;

/** Where nothing more is to be expected, unless a rollback opens the request again. */
const ends: ReadonlySet<RequestState> = new Set([
  RequestState.REQUEST_STATE_COMPLETED,
  RequestState.REQUEST_STATE_ALREADY_FORGOTTEN,
  RequestState.REQUEST_STATE_NO_MATCH,
  RequestState.REQUEST_STATE_REMOVED_FROM_EVALUATION,
  RequestState.REQUEST_STATE_DUPLICATE,
  RequestState.REQUEST_STATE_CANCELLED,
  RequestState.REQUEST_STATE_DENIED,
]);

export interface DeletionClientOptions {
  /** gRPC addresses; the same where Lethe runs in one process. */
  readonly ingest: string;
  readonly registry: string;
  readonly connection?: ConnectOptions;
}

/** Sends deletion requests and follows them to their end. */
export class DeletionClient implements AsyncDisposable {
  readonly #stack = new ResourceStack();
  readonly #ingest;
  readonly #registry;

  constructor({ ingest, registry, connection }: DeletionClientOptions) {
    this.#ingest = this.#stack.use(connect(IngestServiceClient, ingest, connection));
    this.#registry = this.#stack.use(connect(RegistryServiceClient, registry, connection));
  }

  /**
   * Sends a request; make its id once and send the same again when this throws `unavailable`.
   *
   * @returns the receipt, with its signed form in `signedReceipt`
   */
  async submit(request: Partial<DeletionRequest>): Promise<Receipt> {
    return await this.#ingest.submitDeletion(DeletionRequest.fromPartial(request));
  }

  /** Every status, as it comes, until the request has ended or `signal` aborts. */
  async *follow(
    { requestId, emitter }: { requestId: string; emitter: string },
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<DeletionStatus> {
    let told = 0;
    while (!signal.aborted) {
      const found = await this.#registry
        .getRequest({ requestId, emitter })
        .catch((error: { code?: string }) => {
          if (error.code === 'not_found' || error.code === 'unavailable') return undefined;
          throw error;
        });
      for (const status of found?.history.slice(told) ?? []) yield status;
      told = found?.history.length ?? told;
      if (found?.current !== undefined && ends.has(found.current.state)) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
