import { type Ending, keyOf } from './check-requests.ts';
import type { LineageRecord } from './lineage-record.ts';
import type { AcceptedRequest, TopicRecord } from './observed.ts';
import { ProtobufFields } from './protobuf-fields.ts';

/** Numbers of RequestState in proto/lethe/v1/request.proto. */
const endState = { completed: 3, alreadyForgotten: 5, escalated: 6, duplicate: 11 };

export interface TopicFindings {
  readonly violations: readonly string[];
  readonly repeatedEvents: number;
  readonly repeatedRequests: number;
}

/**
 * What the topics tell agrees with the store. Of every round there is one candidate event, one
 * verdict event and one decision event, each naming the stored record by its digest. A candidate is
 * written once, ever; a verdict or a decision may come once more, byte for byte, which consumers
 * drop by its id, and another one is a violation. Statuses end where the lineage ends; nothing was
 * set aside.
 */
export function checkTopics(
  accepted: readonly AcceptedRequest[],
  lineages: readonly LineageRecord[],
  endings: ReadonlyMap<string, Ending>,
  topics: ReadonlyMap<string, readonly TopicRecord[]>,
): TopicFindings {
  const violations: string[] = [];
  const read = (topic: string) =>
    (topics.get(topic) ?? []).flatMap(({ partition, offset, value }) => {
      try {
        return [new ProtobufFields(value)];
      } catch {
        violations.push(`${topic} ${partition}/${offset} is no event`);
        return [];
      }
    });

  const rounds = lineages.flatMap(({ modelKey, entries }) =>
    entries
      .filter(({ manifest }) => manifest.round !== undefined)
      .map((entry) => ({ place: `${modelKey} ${entry.sequence}`, entry })),
  );
  const expected = {
    'model.candidate.v1': rounds.map(({ place, entry }) => [place, entry.manifestDigest]),
    'model.verdict.v1': rounds.map(({ place, entry }) => [place, entry.verdict?.digest]),
    'model.decided.v1': rounds.map(({ place, entry }) => [place, entry.decision?.digest]),
  };
  let repeatedEvents = 0;
  for (const [topic, events] of Object.entries(expected)) {
    const told = new Map<string, string[]>();
    for (const event of read(topic)) {
      const place = `${event.text(1)} ${event.number(2)}`;
      const id = topic === 'model.candidate.v1' ? event.text(3) : event.text(4);
      told.set(place, [...(told.get(place) ?? []), id]);
    }
    for (const [place = '', digest] of events) {
      const ids = told.get(place) ?? [];
      told.delete(place);
      const distinct = new Set(ids);
      repeatedEvents += ids.length - distinct.size;
      if (topic === 'model.candidate.v1' && ids.length > distinct.size) {
        violations.push(`${topic}: ${place} was written ${ids.length} times`);
      }
      if (distinct.size > 1) violations.push(`${topic}: ${place} has ${distinct.size} events`);
      if (digest !== undefined && !distinct.has(digest)) {
        violations.push(`${topic}: ${place} has no event that names what is stored`);
      }
    }
    for (const place of told.keys()) violations.push(`${topic}: ${place} is not stored`);
  }

  violations.push(...checkStatuses(read('deletion.status.v1'), endings));
  const requested = new Map<string, number>();
  for (const event of read('deletion.requested.v1')) {
    const key = keyOf({ requestId: event.text(1), emitter: event.text(2) });
    requested.set(key, (requested.get(key) ?? 0) + 1);
  }
  for (const request of accepted) {
    if (!requested.has(keyOf(request))) {
      violations.push(`${keyOf(request)} was accepted and never published`);
    }
  }
  for (const [topic, records] of topics) {
    if (!topic.endsWith('.dlq') || records.length === 0) continue;
    violations.push(`${topic} holds ${records.length} records that should have been handled`);
  }
  const repeatedRequests = [...requested.values()].reduce((sum, count) => sum + count - 1, 0);
  return { violations, repeatedEvents, repeatedRequests };
}

function checkStatuses(
  statuses: readonly ProtobufFields[],
  endings: ReadonlyMap<string, Ending>,
): string[] {
  const told = new Map<string, Set<Ending>>();
  for (const status of statuses) {
    const state = status.number(4);
    const ending =
      state === endState.completed || state === endState.alreadyForgotten
        ? 'completed'
        : state === endState.escalated
          ? 'escalated'
          : state === endState.duplicate
            ? 'duplicate'
            : undefined;
    if (ending === undefined) continue;
    const key = keyOf({ requestId: status.text(1), emitter: status.text(2) });
    told.set(key, (told.get(key) ?? new Set<Ending>()).add(ending));
  }
  return [...endings].flatMap(([key, ending]) => {
    const said = [...(told.get(key) ?? [])].join(' and ') || 'open';
    return said === ending ? [] : [`${key} is ${ending}, and its statuses say ${said}`];
  });
}
