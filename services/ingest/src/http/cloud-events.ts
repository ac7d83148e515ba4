import { LetheError } from '@lethe/contracts';
import type { IncomingRequest } from '../domain/incoming-request.ts';
import { readCloudEvent, readStructured } from '../formats/cloud-event.ts';
import { readJson, readText } from '../formats/json-body.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a message holds: a batch is answered one by one. */
export interface CloudEventMessage {
  readonly kind: 'single' | 'batch';
  readonly requests: readonly IncomingRequest[];
}

/**
 * CloudEvents 1.0 over HTTP: structured, batched or binary.
 *
 * @throws LetheError `invalid` when the message itself cannot be read
 */
export function readCloudEvents(headers: Headers, body: Uint8Array): CloudEventMessage {
  const contentType = header(headers, 'content-type').toLowerCase();
  if (contentType.startsWith('application/cloudevents-batch+json')) {
    const events = readJson(readText(body));
    if (Array.isArray(events)) {
      return { kind: 'batch', requests: events.map((event) => readStructured(event).request) };
    }
    throw LetheError.invalid('body', events, 'must be a list of events', 'Send a JSON array.');
  }
  const attribute = (name: string) => decodeHeader(header(headers, `ce-${name}`));
  const { request } = readCloudEvent({ contentType, body, attribute });
  return { kind: 'single', requests: [request] };
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
