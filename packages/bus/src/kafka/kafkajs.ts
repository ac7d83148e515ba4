/**
 * The door to kafkajs: nothing else imports it. Pinned exactly, because it is mended here before
 * it loads, and because the adapter's remedies are for the traps of this version.
 */
import { createRequire } from 'node:module';
import { codecsUpTo } from './codecs.ts';
import { connectedOnceAnswered } from './connected-once-answered.ts';
import { filterAborted } from './filter-aborted.ts';
import { setAsideOversized } from './set-aside-oversized.ts';

const require = createRequire(import.meta.url);

/** Puts something in the place of what a module of kafkajs exports, before others ask for it. */
function mend<Exported>(path: string, replace: (exported: Exported) => Exported): void {
  const file = require.resolve(`kafkajs/src/${path}`);
  require(file);
  const loaded = require.cache[file];
  if (loaded === undefined) throw new Error(`kafkajs keeps ${path} elsewhere now; pin 2.2.4`);
  loaded.exports = replace(loaded.exports);
}

mend('consumer/filterAbortedMessages.js', () => filterAborted);
mend('protocol/recordBatch/v0/decoder.js', setAsideOversized);
mend('broker/index.js', connectedOnceAnswered);

/**
 * kafkajs 2.2.4, with {@link filterAborted} in place of its own filter, {@link setAsideOversized}
 * around its decoder, {@link connectedOnceAnswered} for its brokers, and {@link codecsUpTo}.
 */
export const kafkajs = require('kafkajs') as typeof import('kafkajs');

/** A batch has a few megabytes as it travels; unpacked, at most what a process can take. */
const codecs = codecsUpTo(64 * 1024 * 1024);
for (const name of ['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const) {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes[name]] = () => codecs[name];
}

export type {
  Admin,
  Assigner,
  Consumer,
  ConsumerConfig,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  EachBatchPayload,
  ISocketFactory,
  Kafka,
  KafkaConfig,
  KafkaMessage,
  LogEntry,
  PartitionAssigner,
  Producer,
  SASLOptions,
  Transaction,
} from 'kafkajs';
