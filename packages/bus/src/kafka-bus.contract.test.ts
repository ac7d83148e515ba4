import { afterAll, beforeAll, describe } from 'vitest';
import {
  kafkaAvailable,
  openTestKafka,
  type TestKafka,
} from '../../../test/support/servers/available-servers.ts';
import { describeMessageBus } from './bus-contract.ts';
import { KafkaBus } from './kafka-bus.ts';

describe.skipIf(!kafkaAvailable)('on a real broker', () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await openTestKafka();
  });
  afterAll(() => kafka?.[Symbol.asyncDispose]());

  describeMessageBus('KafkaBus', {
    // Three sessions: a member held for dead would have been replaced.
    pauseMs: 6_000,
    async setUp() {
      return {
        open: () =>
          KafkaBus.open({
            brokers: kafka.bootstrap,
            clientId: 'lethe-test',
            sessionTimeoutMs: 2_000,
            backoff: () => 1,
          }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  });
});
