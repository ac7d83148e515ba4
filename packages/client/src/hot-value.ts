/** A value that is exchanged while it is in use: each user keeps the one it began with to its end. */
export class HotValue<T> {
  readonly #dispose: (value: T) => void | Promise<void>;
  #current: Held<T> | undefined;

  constructor(dispose: (value: T) => void | Promise<void>) {
    this.#dispose = dispose;
  }

  get isThere(): boolean {
    return this.#current !== undefined;
  }

  /** Whoever begins from now on gets `value`; the former one is disposed of after its last use. */
  async exchange(value: T | undefined): Promise<void> {
    const former = this.#current;
    this.#current = value === undefined ? undefined : { value, users: 0, idle: () => {} };
    if (former === undefined) return;
    if (former.users > 0) await new Promise<void>((resolve) => (former.idle = resolve));
    await this.#dispose(former.value);
  }

  /** @throws Error when there is no value */
  async use<R>(work: (value: T) => R | Promise<R>): Promise<R> {
    const held = this.#current;
    if (held === undefined) throw new Error('there is no value to use');
    held.users += 1;
    try {
      return await work(held.value);
    } finally {
      held.users -= 1;
      if (held.users === 0) held.idle();
    }
  }
}

interface Held<T> {
  readonly value: T;
  users: number;
  idle: () => void;
}
