import { DeletionRequest, LetheError, type Violation } from '@lethe/contracts';
import { type IncomingRequest, incoming } from '../domain/incoming-request.ts';
import { readJson, readText } from './json-body.ts';
import { isJsonObject, JsonFields } from './json-fields.ts';
import { notAnObject, readDeletion } from './read-deletion.ts';

/** The one type of event that intake takes. */
export const deletionEventType = 'lethe.deletion.request.v1';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

interface CloudEvent {
  readonly specVersion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: Date | undefined;
  readonly problems: readonly Violation[];
  readonly data: IncomingRequest;
}

/** What a message holds: a batch is answered one by one. */
export interface CloudEventMessage {
  readonly kind: 'single' | 'batch';
  readonly requests: readonly IncomingRequest[];
}

/**
 * CloudEvents 1.0 over HTTP: structured, batched or binary. `data` is our JSON form of a request
 * (or its protobuf bytes). The event's `id` is the request id and its `time` the time at which the
 * person asked, where the data states none.
 *
 * @throws LetheError `invalid` when the message itself cannot be read
 */
export function readCloudEvents(headers: Headers, body: Uint8Array): CloudEventMessage {
  const contentType = header(headers, 'content-type').toLowerCase();
  if (contentType.startsWith('application/cloudevents-batch+json')) {
    const events = readJson(readText(body));
    if (Array.isArray(events)) {
      return { kind: 'batch', requests: events.map(readStructured) };
    }
    throw LetheError.invalid('body', events, 'must be a list of events', 'Send a JSON array.');
  }
  const request = contentType.startsWith('application/cloudevents+json')
    ? readStructured(readJson(readText(body)))
    : toRequest(readBinary(headers, contentType, body));
  return { kind: 'single', requests: [request] };
}

function readStructured(json: unknown): IncomingRequest {
  return isJsonObject(json) ? toRequest(readEnvelope(json)) : notAnObject(json);
}

function readEnvelope(json: unknown): CloudEvent {
  const problems: Violation[] = [];
  // Extension attributes are the emitter's own affair: no complaint about unknown ones.
  const fields = new JsonFields(json, '', problems);
  const contentType = fields.text('datacontenttype');
  return {
    specVersion: fields.text('specversion'),
    id: fields.text('id'),
    source: fields.text('source'),
    type: fields.text('type'),
    time: fields.time('time'),
    problems,
    data: fields.has('data_base64')
      ? readData(contentType, Buffer.from(fields.text('data_base64'), 'base64'))
      : readDataField(fields.take('data')),
  };
}

function readBinary(headers: Headers, contentType: string, body: Uint8Array): CloudEvent {
  const problems: Violation[] = [];
  const attributes = Object.fromEntries(
    ['specversion', 'id', 'source', 'type', 'time']
      .map((name) => [name, decodeHeader(header(headers, `ce-${name}`))])
      .filter(([, value]) => value !== ''),
  );
  const fields = new JsonFields(attributes, '', problems);
  return {
    specVersion: fields.text('specversion'),
    id: fields.text('id'),
    source: fields.text('source'),
    type: fields.text('type'),
    time: fields.time('time'),
    problems,
    data: readData(contentType, body),
  };
}

function readDataField(data: unknown): IncomingRequest {
  return isJsonObject(data) ? readDeletion(data) : notAnObject(data, 'data');
}

function readData(contentType: string, bytes: Uint8Array): IncomingRequest {
  if (!/^application\/(x-)?protobuf\b/.test(contentType)) {
    return readDataField(readJson(readText(bytes), 'data'));
  }
  try {
    return incoming(DeletionRequest.decode(bytes));
  } catch (cause) {
    const message = `data = ${bytes.length} bytes: is not a lethe.v1.DeletionRequest. Check its content type.`;
    throw new LetheError('invalid', message, { cause });
  }
}

function toRequest(event: CloudEvent): IncomingRequest {
  const { data } = event;
  const problems = [...event.problems, ...checkAttributes(event), ...data.problems];
  if (data.kind === 'unreadable') return { kind: 'unreadable', problems };
  const { request } = data;
  return {
    kind: 'read',
    request: {
      ...request,
      requestId: request.requestId || event.id,
      submittedTime: request.submittedTime ?? event.time,
    },
    problems,
  };
}

function checkAttributes({ specVersion, id, source, type }: CloudEvent): Violation[] {
  const problems: Violation[] = [];
  if (specVersion !== '1.0') {
    const description = 'is not a version of CloudEvents that is known';
    problems.push({ field: 'specversion', value: specVersion, description, remedy: 'Use 1.0.' });
  }
  if (type !== deletionEventType) {
    const description = 'is not a type of event that intake takes';
    problems.push({ field: 'type', value: type, description, remedy: `Use ${deletionEventType}.` });
  }
  for (const [field, value] of Object.entries({ id, source })) {
    const description = 'is empty; CloudEvents requires it';
    if (value === '') problems.push({ field, value, description, remedy: `State the ${field}.` });
  }
  return problems;
}

function header(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}

/** Header values are percent-encoded in the binary mode (CloudEvents HTTP binding, 3.1.3.2). */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
