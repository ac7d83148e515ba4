import { LetheError, Receipt } from '@lethe/contracts';
import type { IncomingRequest } from '../domain/incoming-request.ts';
import { readJson, readText } from '../formats/json-body.ts';
import { readDeletion } from '../formats/read-deletion.ts';
import type { ReservationResult } from '../index/reservation-queue.ts';
import { problemOf } from './problem.ts';

export type DeletionsBody =
  | { readonly kind: 'single'; readonly request: IncomingRequest }
  | {
      readonly kind: 'array' | 'lines';
      readonly contentType: string;
      readonly requests: readonly IncomingRequest[];
    };

/**
 * A JSON object, a JSON array, or lines of JSON (`application/x-ndjson`) of requests.
 *
 * @throws LetheError `invalid` when it is none of them
 */
export function readDeletions(contentType: string, body: Uint8Array): DeletionsBody {
  const text = readText(body);
  if (/^application\/(x-)?(ndjson|jsonl)\b/.test(contentType)) {
    return { kind: 'lines', contentType: 'application/x-ndjson', requests: readLines(text) };
  }
  const json = readJson(text);
  return Array.isArray(json)
    ? { kind: 'array', contentType: 'application/json', requests: json.map(readDeletion) }
    : { kind: 'single', request: readDeletion(json) };
}

/** Results in order, each `{ "receipt": … }` or `{ "error": … }` (RFC 9457). */
export function writeResults(
  { kind }: { readonly kind: 'array' | 'lines' },
  results: readonly ReservationResult[],
): string {
  const texts = results.map((result) =>
    JSON.stringify(
      result.kind === 'receipt'
        ? { receipt: Receipt.toJSON(result.receipt) }
        : { error: problemOf(result.error) },
    ),
  );
  return kind === 'lines' ? texts.map((text) => `${text}\n`).join('') : `[${texts.join(',')}]`;
}

/** A line that is no JSON is a request that is refused; it does not stop the others. */
function readLines(text: string): IncomingRequest[] {
  return text
    .split('\n')
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => {
      try {
        return readDeletion(readJson(line, `line ${number}`));
      } catch (thrown) {
        return { kind: 'unreadable', problems: LetheError.from(thrown).violations };
      }
    });
}
