import { LetheError } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { kafkajs } from './kafkajs.ts';
import { classifyKafkaError } from './translate-error.ts';

const {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
} = kafkajs;

const protocol = (type: string) =>
  new KafkaJSProtocolError({ type, code: 1, message: `said ${type}` } as never);
const classify = (thrown: unknown) => {
  const { kind, error } = classifyKafkaError(thrown, 'Trying');
  return [kind, error.code];
};

describe('classifyKafkaError', () => {
  it.each([
    ['INVALID_PRODUCER_EPOCH', 'fenced', 'fenced'],
    ['MESSAGE_TOO_LARGE', 'capacity', 'capacity'],
    ['INVALID_RECORD', 'poison', 'invalid'],
    ['NOT_ENOUGH_REPLICAS', 'transient', 'unavailable'],
    ['NOT_LEADER_FOR_PARTITION', 'transient', 'unavailable'],
    ['TOPIC_AUTHORIZATION_FAILED', 'fatal', 'precondition'],
    ['SASL_AUTHENTICATION_FAILED', 'fatal', 'precondition'],
    ['KAFKAJS_UNKNOWN_ERROR_CODE', 'transient', 'unavailable'],
  ])('takes %s for %s', (type, kind, code) => {
    expect(classify(protocol(type))).toEqual([kind, code]);
  });

  it('looks for the cause under what kafkajs wraps around it', () => {
    const exceeded = new KafkaJSNumberOfRetriesExceeded(
      Object.assign(new KafkaJSNonRetriableError('wrapped'), {
        cause: protocol('INVALID_PRODUCER_EPOCH'),
      }),
      { retryCount: 5, retryTime: 100 },
    );
    expect(classify(exceeded)).toEqual(['fenced', 'fenced']);
  });

  it('says what was attempted, why it failed and what to do', () => {
    const { error } = classifyKafkaError(protocol('NOT_ENOUGH_REPLICAS'), 'Publishing to t/0');
    expect(error.message).toMatch(/^Publishing to t\/0: .*min\.insync\.replicas.*\.$/);
    const refused = new KafkaJSConnectionError('connect ECONNREFUSED 127.0.0.1:1', {
      broker: '127.0.0.1:1',
      code: 'ECONNREFUSED',
    });
    expect(classifyKafkaError(refused, 'Connecting').error.message).toBe(
      'Connecting: connect ECONNREFUSED 127.0.0.1:1.',
    );
  });

  it.each(['SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED'])(
    'takes %s of TLS for fatal: time alone mends no certificate',
    (code) => {
      expect(classify(new KafkaJSConnectionError('refused', { broker: 'b', code }))).toEqual([
        'fatal',
        'precondition',
      ]);
    },
  );

  it('takes wrong credentials for fatal, and a connection that broke for transient', () => {
    expect(
      classify(Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError' })),
    ).toEqual(['fatal', 'precondition']);
    expect(classify(new KafkaJSError('Closed connection'))).toEqual(['transient', 'unavailable']);
  });

  it('hints at the right that may be missing where kafkajs finds no coordinator', () => {
    const lost = Object.assign(new Error('no'), { name: 'KafkaJSGroupCoordinatorNotFound' });
    const { kind, error } = classifyKafkaError(lost, 'Taking over t/0');
    expect([kind, error.message]).toEqual([
      'transient',
      expect.stringContaining('the user may lack the right to Describe it'),
    ]);
  });

  it('leaves errors of Lethe as they are, and takes mistakes of programs for internal', () => {
    const own = new LetheError('capacity', 'full');
    expect(classifyKafkaError(own, 'Trying')).toEqual({ kind: 'capacity', error: own });
    const mistake = new TypeError('x is not a function');
    expect(classify(mistake)).toEqual(['fatal', 'internal']);
    // As kafkajs hands it on.
    const wrapped = Object.assign(new KafkaJSError('x'), { cause: mistake });
    expect(classify(wrapped)).toEqual(['fatal', 'internal']);
  });
});
