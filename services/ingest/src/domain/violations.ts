import { describeViolation, LetheError, shorten, type Violation } from '@lethe/contracts';

/** Told in full; of more only the number is told. */
const maxTold = 20;

/** Collects everything that is wrong with one request, so that its sender hears of it at once. */
export class Violations {
  readonly #told: Violation[];
  readonly #unreadable: ReadonlySet<string>;
  #count: number;

  /** @param found of fields that could not be read; nothing more is said about those */
  constructor(found: readonly Violation[] = []) {
    this.#told = found.slice(0, maxTold);
    this.#unreadable = new Set(found.map(({ field }) => field));
    this.#count = found.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(field: string, value: unknown, description: string, remedy: string): void {
    if (this.#unreadable.has(field)) return;
    this.#count++;
    if (this.#told.length < maxTold) {
      this.#told.push({ field, value: shorten(value), description, remedy });
    }
  }

  /** Takes over the violations of an error; the value of `parse`, unless it throws one. */
  attempt<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (thrown) {
      if (!(thrown instanceof LetheError)) throw thrown;
      for (const { field, value, description, remedy } of thrown.violations) {
        this.add(field, value, description, remedy);
      }
      return undefined;
    }
  }

  /** An `invalid` error with all of them. */
  toError(): LetheError {
    const more = this.#count - this.#told.length;
    const lines = this.#told.map(describeViolation);
    if (more > 0) lines.push(`and ${more} more`);
    return new LetheError('invalid', lines.join('\n'), { violations: this.#told });
  }
}
