import { LetheError } from '@lethe/contracts';

/** What doctor looks at, in the order in which it does. */
export const areas = [
  'versions',
  'config',
  'disk',
  'home',
  'keys',
  'bus',
  'store',
  'clocks',
  'backend',
  'data',
  'running',
] as const;

export type Area = (typeof areas)[number];

/** One thing that was looked at. */
export interface Finding {
  readonly area: Area;
  /** `problem`: Lethe does not work, or not for long; `note`: somebody should know. */
  readonly state: 'ok' | 'note' | 'problem';
  /** One sentence. */
  readonly seen: string;
  /** What to do; empty where nothing is to be done. */
  readonly remedy: string;
}

/** Looks at one area; what it throws becomes a problem of that area. */
export type Check = () => Promise<readonly Finding[]>;

export function ok(area: Area, seen: string): Finding {
  return { area, state: 'ok', seen, remedy: '' };
}

export function note(area: Area, seen: string, remedy: string): Finding {
  return { area, state: 'note', seen, remedy };
}

export function problem(area: Area, seen: string, remedy: string): Finding {
  return { area, state: 'problem', seen, remedy };
}

/** One problem for each violation; else the message, whose last sentence is the remedy. */
export function problemsOf(area: Area, thrown: unknown): readonly Finding[] {
  const { message, violations } = LetheError.from(thrown);
  if (violations.length > 0) {
    return violations.map(({ field, value, description, remedy }) =>
      problem(
        area,
        `${field}${value === '' ? '' : ` = ${JSON.stringify(value)}`} ${description}`,
        remedy,
      ),
    );
  }
  const end = /^(.*?[.:;)\]"]) ([A-Z][^.]*(?:\.[^ .][^.]*)*\.?)$/s.exec(message);
  return [
    problem(area, end?.[1] ?? message, end?.[2] ?? 'Mend this, then run lethe doctor again.'),
  ];
}
