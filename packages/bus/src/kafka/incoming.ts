import type { LetheError } from '@lethe/contracts';
import type { IncomingRecord } from '../message-bus.ts';
import type { KafkaMessage } from './kafkajs.ts';

const decoder = new TextDecoder();

/** A record, or what stands for a batch that could not be read (`setAsideOversized`). */
type FetchedMessage = KafkaMessage & { readonly fault?: LetheError };

/** A fetched record, copied out of the buffer of its fetch, which would otherwise stay in memory. */
export function toIncoming(
  topic: string,
  partition: number,
  { key, value, headers = {}, offset, timestamp, fault }: FetchedMessage,
): IncomingRecord {
  return {
    topic,
    partition,
    offset: BigInt(offset),
    key: key === null ? '' : decoder.decode(key),
    value: value === null ? new Uint8Array(0) : new Uint8Array(value),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, content]) => [name, textOf(content)]),
    ),
    timestampMs: Number(timestamp),
    ...(fault === undefined ? {} : { fault }),
  };
}

type HeaderContent = NonNullable<KafkaMessage['headers']>[string];

/** Of a header that foreign producers gave several values, the last one. */
function textOf(content: HeaderContent): string {
  const last = Array.isArray(content) ? content.at(-1) : content;
  if (last === undefined) return '';
  return typeof last === 'string' ? last : decoder.decode(last);
}
