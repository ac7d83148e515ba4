import { LetheError } from '@lethe/contracts';

const defaultLimit = 100;
const maxLimit = 1_000;

/** @throws LetheError `invalid` */
export function parseLimit(limit: number): number {
  if (limit === 0) return defaultLimit;
  if (limit <= maxLimit) return limit;
  throw LetheError.invalid('limit', limit, `must be at most ${maxLimit}`, 'Ask page by page.');
}

/** @throws LetheError `invalid` */
export function parsePageToken(token: string): number {
  if (token === '') return 0;
  if (/^\d{1,15}$/.test(token)) return Number(token);
  const remedy = 'Give next_page_token of the page before, or nothing for the first.';
  throw LetheError.invalid('page_token', token, 'is not a page token', remedy);
}
