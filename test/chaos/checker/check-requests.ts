import type { LineageRecord, Part } from './lineage-record.ts';
import type { AcceptedRequest } from './observed.ts';

export type Ending = 'completed' | 'escalated' | 'duplicate' | 'open';

export interface RequestFindings {
  readonly violations: readonly string[];
  /** How each accepted request ended, by `emitter/request`. */
  readonly endings: ReadonlyMap<string, Ending>;
  readonly lost: number;
  readonly twice: number;
}

interface Place {
  readonly modelKey: string;
  readonly sequence: number;
  readonly kind: 'promoted' | 'escalated' | 'duplicate';
  readonly rows: readonly number[];
  readonly last: boolean;
  /** Of a duplicate: the request that had its rows served. */
  readonly follows?: string;
}

/**
 * Promise P1: every accepted request is in exactly one place of the lineage. Either promoted
 * rounds of its model served each of its rows once and the last of them says so, or one
 * escalation gave up what no promoted round had served, or it ended as the duplicate of another
 * one, which was served.
 */
export function checkRequests(
  accepted: readonly AcceptedRequest[],
  lineages: readonly LineageRecord[],
): RequestFindings {
  const places = placesOf(lineages);
  const unknown = new Set(places.keys());
  const violations: string[] = [];
  const endings = new Map<string, Ending>();
  let lost = 0;
  let twice = 0;
  for (const request of accepted) {
    const key = keyOf(request);
    const mine = places.get(key) ?? [];
    unknown.delete(key);
    const served = mine.flatMap((place) => place.rows);
    const distinct = new Set(served);
    const ends = mine.filter(({ last }) => last);
    const at = mine.map(({ sequence, kind }) => `${kind} ${sequence}`).join(', ');

    twice += served.length - distinct.size;
    if (served.length > distinct.size) violations.push(`${key} was applied twice: ${at}`);
    if (mine.some(({ modelKey }) => modelKey !== request.modelKey)) {
      violations.push(`${key} was applied to another model than it names`);
    }
    const notServed = request.rows.filter((row) => !distinct.has(row));
    const foreign = distinct.size - (request.rows.length - notServed.length);
    const followed = new Set(
      mine.flatMap(({ follows }) => (places.get(follows ?? '') ?? []).flatMap(({ rows }) => rows)),
    );
    const missing = notServed.filter((row) => !followed.has(row));
    if (foreign > 0) violations.push(`${key} had ${foreign} rows applied that it does not name`);
    if (ends.length > 1) violations.push(`${key} ended ${ends.length} times: ${at}`);
    if (mine.at(-1)?.last === false) violations.push(`${key} is left half done: ${at}`);
    const ended = ends.length > 0 && mine.at(-1)?.last === true;
    if (ended && missing.length > 0) {
      violations.push(`${key} ended although ${missing.length} of its rows were not served: ${at}`);
    }
    if (!ended) {
      lost += 1;
      violations.push(`${key} was accepted and is lost: ${at || 'in no promoted round'}`);
    }
    const kind = ends[0]?.kind === 'promoted' ? 'completed' : ends[0]?.kind;
    endings.set(key, ended ? (kind ?? 'open') : 'open');
  }
  for (const key of unknown) {
    violations.push(`${key} was applied at ${places.get(key)![0]!.sequence} and never accepted`);
  }
  return { violations, endings, lost, twice };
}

export function keyOf(request: { readonly emitter: string; readonly requestId: string }): string {
  return `${request.emitter}/${request.requestId}`;
}

function placesOf(lineages: readonly LineageRecord[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  const add = (key: string, place: Place) => places.set(key, [...(places.get(key) ?? []), place]);
  for (const { modelKey, entries } of lineages) {
    for (const { sequence, manifest, decision } of entries) {
      for (const { request, followsRequestId } of manifest.duplicates?.requests ?? []) {
        const follows = keyOf({ emitter: request.emitter, requestId: followsRequestId });
        add(keyOf(request), {
          modelKey,
          sequence,
          kind: 'duplicate',
          rows: [],
          last: true,
          follows,
        });
      }
      const kind = manifest.escalation !== undefined ? 'escalated' : 'promoted';
      if (kind === 'promoted' && decision?.record.promoted !== true) continue;
      for (const part of (manifest.round ?? manifest.escalation)?.parts ?? []) {
        add(keyOf(part.request), { modelKey, sequence, kind, ...rowsOf(part) });
      }
    }
  }
  return places;
}

function rowsOf({ rows = [], last = false }: Part) {
  return { rows, last };
}
