import { canonicalJson, LetheError } from '@lethe/contracts';

/** A value of a method's setting. */
export type Setting = number | boolean | string;

/** One way of trying a round: the method, its settings, and how many samples at once. */
export interface Rung {
  readonly method: string;
  /** Overrides of the method's defaults. */
  readonly settings: Readonly<Record<string, Setting>>;
  /** Most samples of a round at this rung; never more than the service's own cap. */
  readonly maxBatch?: number;
}

/** Rungs in the order they are tried; a refused attempt moves its requests one rung up. */
export type Ladder = readonly [Rung, ...Rung[]];

export type NextRung =
  | { readonly kind: 'rung'; readonly rung: Rung; readonly step: number }
  /** Every rung was refused: the model must be retrained for these requests. */
  | { readonly kind: 'exhausted' };

/** The rung for requests that were refused `step` times. */
export function rungAt(ladder: Ladder, step: number): NextRung {
  const rung = ladder[step];
  return rung === undefined ? { kind: 'exhausted' } : { kind: 'rung', rung, step };
}

/** Most samples of a round at `step`, within the service's own cap. */
export function maxBatchAt(ladder: Ladder, step: number, cap: number): number {
  return Math.min(cap, ladder[step]?.maxBatch ?? cap);
}

/**
 * Reads a ladder from parsed JSON: a list of `{ method, settings?, max_batch? }`.
 *
 * @param field name of the setting for the error message
 * @throws LetheError `invalid` naming the rung and field at fault
 */
export function parseLadder(value: unknown, field: string): Ladder {
  if (!Array.isArray(value) || value.length === 0) {
    throw LetheError.invalid(
      field,
      value,
      'must be a list with at least one rung',
      'For example [{"method":"lethe"},{"method":"lethe","max_batch":16}].',
    );
  }
  const [first, ...rest] = value.map((rung, index) => parseRung(rung, `${field}[${index}]`));
  return [first as Rung, ...rest];
}

function parseRung(value: unknown, field: string): Rung {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw LetheError.invalid(
      field,
      value,
      'must be an object',
      'Give at least {"method":"lethe"}.',
    );
  }
  const {
    method,
    settings = {},
    max_batch: maxBatch,
    ...unknown
  } = value as Record<string, unknown>;
  const stray = Object.keys(unknown)[0];
  if (stray !== undefined) {
    throw LetheError.invalid(
      `${field}.${stray}`,
      unknown[stray],
      'is not a field of a rung',
      'A rung has method, settings and max_batch.',
    );
  }
  if (typeof method !== 'string' || method === '') {
    throw LetheError.invalid(
      `${field}.method`,
      method,
      'must name an unlearning method',
      'Use lethe, l2ul, adv or neggrad.',
    );
  }
  if (maxBatch !== undefined && !(Number.isInteger(maxBatch) && (maxBatch as number) >= 1)) {
    throw LetheError.invalid(
      `${field}.max_batch`,
      maxBatch,
      'must be a whole number of samples, at least 1',
      'Leave it out to use the cap of the service.',
    );
  }
  return {
    method,
    settings: parseSettings(settings, `${field}.settings`),
    ...(maxBatch === undefined ? {} : { maxBatch: maxBatch as number }),
  };
}

function parseSettings(value: unknown, field: string): Readonly<Record<string, Setting>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw LetheError.invalid(field, value, 'must be an object', 'Give {} for the defaults.');
  }
  for (const [name, setting] of Object.entries(value)) {
    if (!['number', 'boolean', 'string'].includes(typeof setting)) {
      throw LetheError.invalid(
        `${field}.${name}`,
        setting,
        'must be a number, a truth value or a text',
        'See docs/unlearning.md for the settings of each method.',
      );
    }
  }
  return value as Readonly<Record<string, Setting>>;
}

/** One line that names a rung in logs and reasons. */
export function describeRung(rung: Rung): string {
  const batch = rung.maxBatch === undefined ? '' : `, at most ${rung.maxBatch} samples`;
  return `${rung.method} ${canonicalJson(rung.settings)}${batch}`;
}
