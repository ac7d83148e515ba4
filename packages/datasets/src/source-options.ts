import { type DatasetSource, LetheError } from '@lethe/contracts';

/** The options of a source, each asked for once with its default; what nobody knows is refused. */
export class SourceOptions {
  readonly #given: Readonly<Record<string, string>>;

  /** @throws LetheError `invalid` for an option that is not among `known` */
  constructor(source: DatasetSource, known: readonly string[]) {
    this.#given = source.options;
    for (const name of Object.keys(source.options)) {
      if (known.includes(name)) continue;
      throw LetheError.invalid(
        `options.${name}`,
        source.options[name],
        `${source.kind} has no such option`,
        known.length === 0 ? 'Leave it out.' : `It knows ${known.join(', ')}.`,
      );
    }
  }

  text(name: string): string | undefined {
    return this.#given[name];
  }

  oneOf<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const text = this.#given[name] ?? choices[0];
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw LetheError.invalid(
      `options.${name}`,
      text,
      `must be one of ${choices.join(', ')}`,
      `Leave it out for ${choices[0]}.`,
    );
  }

  /** A whole number in [least, most]. */
  integer(name: string, range: { least: number; most: number }): number | undefined {
    const value = this.number(name, range);
    if (value === undefined || Number.isInteger(value)) return value;
    throw this.#outside(name, 'a whole number', range);
  }

  /** A number in [least, most]. */
  number(name: string, range: { least: number; most: number }): number | undefined {
    const text = this.#given[name];
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= range.least && value <= range.most) return value;
    throw this.#outside(name, 'a number', range);
  }

  #outside(name: string, what: string, range: { least: number; most: number }): LetheError {
    return LetheError.invalid(
      `options.${name}`,
      this.#given[name],
      `must be ${what} from ${range.least} to ${range.most}`,
      'Correct it or leave it out for the default.',
    );
  }
}

/** @throws LetheError `invalid` for a split other than train and test; empty means train */
export function trainOrTest(source: DatasetSource): 'train' | 'test' {
  if (source.split === '' || source.split === 'train') return 'train';
  if (source.split === 'test') return 'test';
  throw LetheError.invalid(
    'split',
    source.split,
    `${source.kind} has the splits train and test`,
    'Use one of them.',
  );
}
