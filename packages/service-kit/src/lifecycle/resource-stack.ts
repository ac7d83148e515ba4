/**
 * Resources disposed of in the reverse order of their taking (Node 22 lacks AsyncDisposableStack).
 * All are disposed of, whatever one of them throws; then the first error is thrown.
 */
export class ResourceStack implements AsyncDisposable {
  readonly #disposals: (() => void | Promise<void>)[] = [];

  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.#disposals.push(async () => {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    });
    return resource;
  }

  defer(dispose: () => void | Promise<void>): void {
    this.#disposals.push(dispose);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (let dispose = this.#disposals.pop(); dispose; dispose = this.#disposals.pop()) {
      try {
        await dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
