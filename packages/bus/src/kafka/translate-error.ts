import { type ErrorCode, LetheError } from '@lethe/contracts';

/**
 * What an error of kafkajs means for the work at hand:
 * transient: the same call may succeed later; fenced: another owner has taken over;
 * poison: these records can never be written; capacity: a limit of the broker is reached;
 * fatal: no waiting helps, somebody must change settings or rights.
 */
export type KafkaFailure = {
  readonly kind: 'transient' | 'fenced' | 'poison' | 'capacity' | 'fatal';
  readonly error: LetheError;
};

type Kind = KafkaFailure['kind'];

interface ErrorParts {
  readonly name?: string;
  /** Name of a protocol error, for example `INVALID_PRODUCER_EPOCH`. */
  readonly type?: string;
  /** Number of a protocol error, or the system's or TLS's name of a connection error. */
  readonly code?: string | number;
  readonly message?: string;
  readonly cause?: unknown;
}

const codes: Readonly<Record<Kind, ErrorCode>> = {
  transient: 'unavailable',
  fenced: 'fenced',
  poison: 'invalid',
  capacity: 'capacity',
  fatal: 'precondition',
};

const byProtocolType: Readonly<Record<string, readonly [Kind, string]>> = {
  INVALID_PRODUCER_EPOCH: ['fenced', 'another owner has taken over'],
  INVALID_PRODUCER_ID_MAPPING: ['fenced', 'its transactional id belongs to another owner'],
  TRANSACTION_COORDINATOR_FENCED: ['transient', 'the transaction coordinator has moved'],
  MESSAGE_TOO_LARGE: [
    'capacity',
    'the broker takes no batch of this size. Raise max.message.bytes of the topic, or send less',
  ],
  RECORD_LIST_TOO_LARGE: [
    'capacity',
    'a batch is larger than a log segment. Raise segment.bytes of the topic, or send less',
  ],
  INVALID_RECORD: ['poison', 'the broker refuses the record'],
  INVALID_TIMESTAMP: ['poison', 'the broker refuses the time of the record; compare the clocks'],
  INVALID_TOPIC_EXCEPTION: ['poison', 'this is no valid name for a topic'],
  NOT_ENOUGH_REPLICAS: [
    'transient',
    'fewer replicas are in sync than min.insync.replicas asks for; nothing was written',
  ],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    'transient',
    'fewer replicas are in sync than min.insync.replicas asks for',
  ],
  SASL_AUTHENTICATION_FAILED: ['fatal', 'the broker refuses user or password'],
  UNSUPPORTED_SASL_MECHANISM: ['fatal', 'the broker does not offer this SASL mechanism'],
  TOPIC_AUTHORIZATION_FAILED: ['fatal', 'the user has no right on the topic'],
  GROUP_AUTHORIZATION_FAILED: ['fatal', 'the user has no right on the consumer group'],
  CLUSTER_AUTHORIZATION_FAILED: [
    'fatal',
    'the user lacks a right on the cluster (creating topics, or idempotent writing)',
  ],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [
    'fatal',
    'the user has no right on the transactional id; grant Write and Describe on its prefix',
  ],
  INVALID_REPLICATION_FACTOR: [
    'fatal',
    'there are fewer brokers than the replication factor asks for',
  ],
  INVALID_SESSION_TIMEOUT: [
    'fatal',
    'the broker takes no such session time-out (group.min/max.session.timeout.ms)',
  ],
  INCONSISTENT_GROUP_PROTOCOL: [
    'fatal',
    'the group has members that are not Lethe. Give Lethe groups of its own',
  ],
  GROUP_MAX_SIZE_REACHED: ['capacity', 'the group has as many members as the broker allows'],
  UNSUPPORTED_VERSION: ['fatal', 'the broker does not speak a version that kafkajs needs'],
};

const byName: Readonly<Record<string, readonly [Kind, string]>> = {
  KafkaJSSASLAuthenticationError: ['fatal', 'the broker refuses user or password'],
  KafkaJSServerDoesNotSupportApiKey: ['fatal', 'the broker is too old'],
  // Said of a missing right, too: kafkajs loses the broker's answer.
  KafkaJSGroupCoordinatorNotFound: [
    'transient',
    'no coordinator was found for the group or transactional id. If it stays so, the user may lack the right to Describe it',
  ],
};

const tlsCodes: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

const mistakes: ReadonlySet<string | undefined> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
]);

/** @param what what was attempted, as the beginning of a sentence: `Publishing to t/0` */
export function translateKafkaError(thrown: unknown, what: string): LetheError {
  return classifyKafkaError(thrown, what).error;
}

/** Anything kafkajs throws, as an error of Lethe and what to make of it. */
export function classifyKafkaError(thrown: unknown, what: string): KafkaFailure {
  if (thrown instanceof LetheError) return { kind: kindOf(thrown.code), error: thrown };
  const chain = causes(thrown);
  for (const part of chain) {
    const known = byProtocolType[part.type ?? ''] ?? byName[part.name ?? ''] ?? aboutTls(part);
    if (known !== undefined) return failure(known[0], `${what}: ${known[1]}`, thrown);
  }
  const root = chain.at(-1);
  // kafkajs wraps mistakes, its own and ours, and never tries again after one.
  const isMistake = mistakes.has(root?.name);
  const isForeign = isMistake || chain.every(({ name }) => !name?.startsWith('KafkaJS'));
  const reason = `${root?.message ?? String(thrown)}${root?.code === undefined || root.message?.includes(String(root.code)) ? '' : ` (${root.code})`}`;
  if (isForeign && typeof root?.code !== 'string') {
    return {
      kind: 'fatal',
      error: new LetheError('internal', `${what}: ${reason}`, { cause: thrown }),
    };
  }
  return failure('transient', `${what}: ${reason}`, thrown);
}

function aboutTls({ code, message = '' }: ErrorParts): readonly [Kind, string] | undefined {
  const isTls = tlsCodes.has(String(code)) || /self[- ]signed|certificate|altnames/i.test(message);
  if (!isTls) return undefined;
  return [
    'fatal',
    `the TLS connection is refused (${message || code}). Name the certificate authority of the brokers, and the host names that their certificates hold`,
  ];
}

function failure(kind: Kind, message: string, cause: unknown): KafkaFailure {
  return { kind, error: new LetheError(codes[kind], `${message}.`, { cause }) };
}

function kindOf(code: ErrorCode): Kind {
  switch (code) {
    case 'unavailable':
    case 'cancelled':
      return 'transient';
    case 'fenced':
      return 'fenced';
    case 'capacity':
      return 'capacity';
    case 'invalid':
    case 'corrupt':
    case 'conflict':
      return 'poison';
    case 'not_found':
    case 'precondition':
    case 'unauthenticated':
    case 'denied':
    case 'internal':
      return 'fatal';
    default:
      return code satisfies never;
  }
}

/** The error, what it was caused by, and so on; the errors of an aggregate come after it. */
function causes(thrown: unknown): readonly ErrorParts[] {
  const chain: ErrorParts[] = [];
  const visit = (each: unknown): void => {
    if (typeof each !== 'object' || each === null || chain.includes(each)) return;
    chain.push(each);
    visit((each as ErrorParts).cause);
    for (const part of (each as { errors?: readonly unknown[] }).errors ?? []) visit(part);
  };
  visit(thrown);
  return chain;
}
