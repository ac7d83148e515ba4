import type { Change, Hello } from '../wire/index.ts';

/** How the page hears of changes. */
export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** What is shown may be old. */
  | { readonly kind: 'lost' }
  /** Nobody is looking: the connection is for pages that somebody sees. */
  | { readonly kind: 'paused' };

interface Listener {
  readonly onState: (state: LiveState) => void;
  /** `undefined`: anything may have changed, the connection was not there. */
  readonly onChange: (change: Change | undefined) => void;
}

const firstRetryMs = 500;
const maxRetryMs = 5_000;

/**
 * One stream of changes for the whole page. While it is lost it is tried again, sooner at first;
 * once it is there, everything is asked for anew.
 */
export class Live {
  /** Digest of the page that the registry serves now. */
  page = '';
  /** Told when the session has ended, or the stream is refused. */
  onRefused: () => void = () => {};
  #state: LiveState = { kind: 'connecting' };
  #source: EventSource | undefined;
  #retryMs = firstRetryMs;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<Listener>();

  get state(): LiveState {
    return this.#state;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#onVisibility();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#close();
  }

  #onVisibility = (): void => {
    this.#close();
    if (document.hidden) this.#set({ kind: 'paused' });
    else this.#open();
  };

  #open(): void {
    const source = new EventSource('/api/changes');
    this.#source = source;
    source.addEventListener('hello', (event) => {
      this.page = (JSON.parse((event as MessageEvent<string>).data) as Hello).page;
      this.#retryMs = firstRetryMs;
      this.#set({ kind: 'live' });
      // The first time too: what is shown may have been asked for before the stream was there.
      this.#tell(undefined);
    });
    source.addEventListener('change', (event) => {
      this.#tell(JSON.parse((event as MessageEvent<string>).data) as Change);
    });
    source.addEventListener('expired', () => {
      this.#close();
      this.onRefused();
    });
    source.addEventListener('error', () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      this.#close();
      this.#set({ kind: 'lost' });
      if (isRefused) this.onRefused();
      this.#timer = setTimeout(() => this.#open(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
    });
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #set(state: LiveState): void {
    this.#state = state;
    for (const { onState } of this.#listeners) onState(state);
  }

  #tell(change: Change | undefined): void {
    for (const { onChange } of this.#listeners) onChange(change);
  }
}

export const live = new Live();
