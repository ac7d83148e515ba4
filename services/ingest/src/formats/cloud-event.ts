import {
  CloudEvent,
  type CloudEvent_CloudEventAttributeValue,
  DeletionRequest,
  LetheError,
  type Violation,
} from '@lethe/contracts';
import { type IncomingRequest, incoming } from '../domain/incoming-request.ts';
import { readJson, readText } from './json-body.ts';
import { isJsonObject, JsonFields } from './json-fields.ts';
import { notAnObject, readDeletion } from './read-deletion.ts';

/** The one type of event that intake takes. */
export const deletionEventType = 'lethe.deletion.request.v1';

/** One event as a binding brings it: structured (in the body), or binary (beside it). */
export interface EventMessage {
  /** In lower case. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** An attribute of the binary mode, `''` when it is absent. */
  attribute(name: string): string;
}

/** An event, its data read as a deletion request. */
export interface DeletionEvent {
  /** As stated: who sends, in the emitter's own words. */
  readonly source: string;
  readonly request: IncomingRequest;
}

interface Envelope {
  readonly specVersion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: Date | undefined;
  readonly problems: readonly Violation[];
  readonly data: IncomingRequest;
}

/**
 * CloudEvents 1.0, structured in JSON or protobuf, or binary. `data` is our JSON form of a request
 * (or its protobuf bytes). The event's `id` is the request id and its `time` the time at which the
 * person asked, where the data states none.
 *
 * @throws LetheError `invalid` when the message itself cannot be read
 */
export function readCloudEvent(message: EventMessage): DeletionEvent {
  const { contentType, body } = message;
  if (contentType.startsWith('application/cloudevents+json')) {
    return readStructured(readJson(readText(body)));
  }
  if (contentType.startsWith('application/cloudevents+protobuf')) {
    return toEvent(readProtobuf(body));
  }
  if (contentType.startsWith('application/cloudevents')) {
    const remedy = 'Use application/cloudevents+json or application/cloudevents+protobuf.';
    throw LetheError.invalid('content-type', contentType, 'is no format that is read here', remedy);
  }
  return toEvent(readBinary(message));
}

/** An event in the JSON format, already parsed. */
export function readStructured(json: unknown): DeletionEvent {
  return isJsonObject(json)
    ? toEvent(readEnvelope(json))
    : { source: '', request: notAnObject(json) };
}

function readEnvelope(json: unknown): Envelope {
  const problems: Violation[] = [];
  // Extension attributes are the emitter's own affair: no complaint about unknown ones.
  const fields = new JsonFields(json, '', problems);
  const contentType = fields.text('datacontenttype');
  return {
    ...readAttributes(fields),
    problems,
    data: fields.has('data_base64')
      ? readData(contentType, Buffer.from(fields.text('data_base64'), 'base64'))
      : readDataField(fields.take('data')),
  };
}

/** What JSON and binary mode say alike beside the data. */
function readAttributes(fields: JsonFields) {
  return {
    specVersion: fields.text('specversion'),
    id: fields.text('id'),
    source: fields.text('source'),
    type: fields.text('type'),
    time: fields.time('time'),
  };
}

function readProtobuf(body: Uint8Array): Envelope {
  const event = decodeEvent(body);
  const time = event.attributes['time']?.attr;
  const contentType = textOf(event.attributes['datacontenttype']);
  const problems: Violation[] = [];
  if (time !== undefined && time.$case !== 'ceTimestamp') {
    const description = 'is not a timestamp attribute';
    problems.push({ field: 'time', value: '', description, remedy: 'Use ce_timestamp.' });
  }
  return {
    specVersion: event.specVersion,
    id: event.id,
    source: event.source,
    type: event.type,
    time: time?.$case === 'ceTimestamp' ? time.value : undefined,
    problems,
    data: readProtobufData(event, contentType),
  };
}

function decodeEvent(body: Uint8Array): CloudEvent {
  try {
    return CloudEvent.decode(body);
  } catch (cause) {
    const message = `body = ${body.length} bytes: is not an io.cloudevents.v1.CloudEvent. Check its content type.`;
    throw new LetheError('invalid', message, { cause });
  }
}

function readProtobufData({ data }: CloudEvent, contentType: string): IncomingRequest {
  switch (data?.$case) {
    case 'binaryData':
      return readData(contentType, data.value);
    case 'textData':
      return readDataField(readJson(data.value, 'data'));
    case 'protoData':
      return readData('application/protobuf', data.value.value);
    case undefined:
      return notAnObject('', 'data');
    default:
      return data satisfies never;
  }
}

function textOf(value: CloudEvent_CloudEventAttributeValue | undefined): string {
  return value?.attr?.$case === 'ceString' ? value.attr.value.toLowerCase() : '';
}

function readBinary({ contentType, body, attribute }: EventMessage): Envelope {
  const problems: Violation[] = [];
  const attributes = Object.fromEntries(
    ['specversion', 'id', 'source', 'type', 'time']
      .map((name) => [name, attribute(name)])
      .filter(([, value]) => value !== ''),
  );
  const fields = new JsonFields(attributes, '', problems);
  return {
    ...readAttributes(fields),
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

function toEvent(envelope: Envelope): DeletionEvent {
  const { data, source } = envelope;
  const problems = [...envelope.problems, ...checkAttributes(envelope), ...data.problems];
  if (data.kind === 'unreadable') return { source, request: { kind: 'unreadable', problems } };
  const { request } = data;
  return {
    source,
    request: {
      kind: 'read',
      request: {
        ...request,
        requestId: request.requestId || envelope.id,
        submittedTime: request.submittedTime ?? envelope.time,
      },
      problems,
    },
  };
}

function checkAttributes({ specVersion, id, source, type }: Envelope): Violation[] {
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
