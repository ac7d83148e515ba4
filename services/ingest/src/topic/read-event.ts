import type { IncomingRecord } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';
import { type DeletionEvent, readCloudEvent } from '../formats/cloud-event.ts';

/** What the bus takes in one record; bigger events could not be set aside with their bytes. */
const maxEventBytes = 1024 * 1024;

/**
 * A CloudEvent as the Kafka binding 1.0 writes it: structured by its content type, else binary with
 * `ce_` headers, whose values are plain UTF-8.
 *
 * @throws LetheError `invalid` when the record is no event, or too big; its own fault
 */
export function readEvent({ value, headers, fault }: IncomingRecord): DeletionEvent {
  if (fault !== undefined) throw fault;
  if (value.length > maxEventBytes) {
    throw LetheError.invalid(
      'event',
      `${value.length} bytes`,
      `has more than ${maxEventBytes} bytes`,
      'Name the samples in several requests, or send it over HTTP or gRPC.',
    );
  }
  const all = new Map(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]));
  const contentType = (all.get('content-type') ?? '').toLowerCase();
  const isEvent = contentType.startsWith('application/cloudevents') || all.has('ce_specversion');
  if (!isEvent) {
    throw LetheError.invalid(
      'event',
      '',
      'is no CloudEvent: it has neither a content-type of CloudEvents nor a header ce_specversion',
      'Set content-type application/cloudevents+json and write a CloudEvent, or add ce_ headers.',
    );
  }
  return readCloudEvent({
    contentType,
    body: value,
    attribute: (name) => all.get(`ce_${name}`) ?? '',
  });
}
