import { shorten, type Violation } from '@lethe/contracts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the fields of one JSON object, by snake_case or camelCase name, and collects what cannot be
 * read: wrong types, and at the end fields that nobody asked for (misspelt ones must not be
 * ignored).
 */
export class JsonFields {
  readonly #fields: Map<string, unknown>;
  readonly #path: string;
  readonly #problems: Violation[];

  constructor(value: unknown, path: string, problems: Violation[]) {
    this.#path = path;
    this.#problems = problems;
    this.#fields = new Map();
    if (isJsonObject(value)) {
      for (const [name, field] of Object.entries(value)) {
        if (field !== null) this.#fields.set(toSnakeCase(name), field);
      }
    } else {
      this.#problem('', value, 'must be a JSON object', 'Send an object.');
    }
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  take(name: string): unknown {
    const value = this.#fields.get(name);
    this.#fields.delete(name);
    return value;
  }

  object(name: string): JsonFields {
    return new JsonFields(this.take(name), this.#at(name), this.#problems);
  }

  text(name: string): string {
    const value = this.take(name);
    if (value === undefined) return '';
    if (typeof value === 'string') return value;
    this.#problem(name, value, 'must be a text', 'Put it in quotes.');
    return '';
  }

  texts(name: string): string[] {
    const value = this.take(name) ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    this.#problem(name, value, 'must be a list of texts', 'Use ["…", "…"].');
    return [];
  }

  /** `false` when it is not there. */
  flag(name: string): boolean {
    const value = this.take(name);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    this.#problem(name, value, 'must be true or false', 'Leave it out for false.');
    return false;
  }

  /** A whole number from 0 to 2^32 − 1. */
  uint32(name: string): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
      return value;
    }
    this.#problem(name, value, 'must be a whole number, 0 or more', 'Give the label as a number.');
    return undefined;
  }

  /** RFC 3339. */
  time(name: string): Date | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const time = typeof value === 'string' && rfc3339.test(value) ? new Date(value) : undefined;
    if (time !== undefined && !Number.isNaN(time.getTime())) return time;
    this.#problem(name, value, 'is not a time', 'Use RFC 3339, for example 2026-01-31T12:00:00Z.');
    return undefined;
  }

  /** One of `names`, written with or without its prefix, in any letter case. */
  choice<T extends number>(name: string, names: Readonly<Record<string, T>>, prefix: string): T {
    const value = this.take(name);
    const unspecified = 0 as T;
    if (value === undefined) return unspecified;
    const key = `${prefix}${String(value).toUpperCase()}`;
    const found = names[key] ?? names[String(value).toUpperCase()];
    if (found !== undefined) return found;
    const choices = Object.keys(names)
      .slice(1)
      .map((each) => each.slice(prefix.length).toLowerCase());
    this.#problem(name, value, 'is unknown', `Use ${choices.join(', ')}.`);
    return unspecified;
  }

  /** To be called last: what is left is a mistake. */
  end(): void {
    for (const [name, value] of this.#fields) {
      this.#problem(name, value, 'is not a field that is known', 'Remove it, or correct its name.');
    }
  }

  #problem(name: string, value: unknown, description: string, remedy: string): void {
    this.#problems.push({ field: this.#at(name), value: shorten(value), description, remedy });
  }

  #at(name: string): string {
    if (name === '') return this.#path || 'body';
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
