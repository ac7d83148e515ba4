import { LetheError } from '@lethe/contracts';

/** The fields of a JSON body, each read as what it has to be. */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  private constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  static readonly none = new Fields({});

  /** @throws LetheError `invalid` for what is no JSON object */
  static parse(bytes: Uint8Array): Fields {
    try {
      const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return new Fields(value as Record<string, unknown>);
      }
    } catch {
      // Said below.
    }
    throw LetheError.invalid('body', `${bytes.length} bytes`, 'is no JSON object', 'Send JSON.');
  }

  /** Empty when it is missing. @throws LetheError `invalid` naming the field */
  text(name: string): string {
    const value = this.#fields[name] ?? '';
    if (typeof value === 'string') return value;
    throw LetheError.invalid(name, value, 'is no text', 'Send a text.');
  }

  /** 0 when it is missing. @throws LetheError `invalid` naming the field */
  number(name: string): number {
    const value = this.#fields[name] ?? 0;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
      return value;
    }
    throw LetheError.invalid(name, value, 'is no whole number', 'Send one that is not negative.');
  }

  /** `false` when it is missing. @throws LetheError `invalid` naming the field */
  flag(name: string): boolean {
    const value = this.#fields[name] ?? false;
    if (typeof value === 'boolean') return value;
    throw LetheError.invalid(name, value, 'is neither true nor false', 'Send true or false.');
  }

  /** @throws LetheError `invalid` naming the field */
  time(name: string): Date {
    const time = new Date(this.text(name));
    if (!Number.isNaN(time.getTime())) return time;
    const remedy = 'Send a time like 2026-01-31T09:30:00Z.';
    throw LetheError.invalid(name, this.text(name), 'is no time', remedy);
  }
}

/** Which state a query asks for. @throws LetheError `invalid` naming it and what there is */
export function stateIn<Value>(
  query: URLSearchParams,
  name: string,
  states: Readonly<Record<string, Value>>,
  byDefault: string,
): Value {
  const text = query.get(name) ?? byDefault;
  const chosen = Object.hasOwn(states, text) ? states[text] : undefined;
  if (chosen !== undefined) return chosen;
  const all = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(Object.keys(states));
  throw LetheError.invalid(name, text, 'is no state', `Use ${all}.`);
}

/** Rows of a page of a list that a query asks for. @throws LetheError `invalid` naming it */
export function pageLimitIn(query: URLSearchParams): number {
  return numberIn(query, 'limit', 50, 500);
}

/** A whole number of a query. @throws LetheError `invalid` naming it */
export function numberIn(
  query: URLSearchParams,
  name: string,
  byDefault: number,
  most: number,
): number {
  const text = query.get(name) ?? '';
  if (text === '') return byDefault;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value <= most) return value;
  throw LetheError.invalid(name, text, `is no whole number up to ${most}`, 'Use a smaller one.');
}
