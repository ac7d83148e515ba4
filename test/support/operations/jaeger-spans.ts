import type { JaegerSpan } from '../servers/jaeger-server.ts';

/** Names of spans. */
export const namesOf = (spans: readonly JaegerSpan[]) =>
  spans.map(({ operationName }) => operationName);

/** The first span of that name. */
export function only(spans: readonly JaegerSpan[], name: string): JaegerSpan {
  const [span] = spans.filter(({ operationName }) => operationName === name);
  if (span === undefined) throw new Error(`no span ${name} in ${namesOf(spans).join(', ')}`);
  return span;
}

export function parentOf(span: JaegerSpan): string | undefined {
  return span.references.find(
    (each) => each.refType === 'CHILD_OF' && each.traceID === span.traceID,
  )?.spanID;
}

/** Names of what happened while it lasted. */
export const eventsOf = ({ logs }: JaegerSpan) =>
  logs.flatMap(({ fields }) =>
    fields.flatMap(({ key, value }) => (key === 'event' ? [value] : [])),
  );

/** What it links to in another trace. */
export function linkOf(span: JaegerSpan) {
  const link = span.references.find(
    ({ refType, traceID }) => refType === 'FOLLOWS_FROM' && traceID !== span.traceID,
  );
  if (link === undefined) throw new Error(`${span.operationName} links to no other trace`);
  return link;
}

/** Names from a span up to the first that Jaeger does not have. */
export function pathOf(spans: readonly JaegerSpan[], span: JaegerSpan): string[] {
  const parent = spans.find(({ spanID }) => spanID === parentOf(span));
  return parent === undefined
    ? [span.operationName]
    : [span.operationName, ...pathOf(spans, parent)];
}
