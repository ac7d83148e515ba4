import { allTopics } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  kafkaAvailable,
  openTestKafka,
  type TestKafka,
} from '../../../../test/support/servers/available-servers.ts';
import { main } from '../main.ts';

/** Runs a command line in this process; its exit code and the JSON it printed. */
async function run(...args: string[]) {
  const printed: string[] = [];
  const write = (text: unknown) => {
    printed.push(String(text));
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(write);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(write);
  try {
    const code = await main([...args, '--json']);
    const lines = printed.join('').split('\n');
    return { code, results: lines.filter((line) => line !== '').map((line) => JSON.parse(line)) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('lethe topics apply', () => {
  it.each([
    ['a bus that is not Kafka', ['--bus', 'sqlite:x'], /LETHE_BUS.*kafka:HOST:PORT/],
    ['an address without a port', ['--bus', 'kafka:localhost'], /HOST:PORT/],
    ['another machine in the clear', ['--bus', 'kafka:10.1.2.3:9092'], /TLS is off/],
    [
      'a file that is not there',
      ['--bus', 'kafka:localhost:1', '--kafka-ca-file', '/no/such/file'],
      /LETHE_KAFKA_CA_FILE.*ENOENT/,
    ],
    [
      'a user without a password',
      ['--bus', 'kafka:localhost:1', '--kafka-user', 'lethe'],
      /LETHE_KAFKA_PASSWORD_FILE/,
    ],
    [
      'a number out of range',
      ['--bus', 'kafka:localhost:1', '--kafka-replication-factor', '99'],
      /--kafka-replication-factor.*0 to 9/,
    ],
  ] as const)('refuses %s', async (_, args, message) => {
    const { code, results } = await run('topics', 'apply', ...args);
    expect(code).toBe(2);
    expect(results[0].error.message).toMatch(message);
  });

  it('says when no broker answers, as lethe doctor does', async () => {
    const doctor = await run('doctor', '--only', 'bus', '--bus', 'kafka:127.0.0.1:1');
    expect(doctor.code).toBe(6);
    expect(doctor.results[0]).toMatchObject({ area: 'bus', state: 'problem' });
    const { code, results } = await run('topics', 'apply', '--bus', 'kafka:127.0.0.1:1');
    expect(code).toBe(5);
    expect(results[0].error.message).toMatch(/Connecting to Kafka at 127.0.0.1:1: .*ECONNREFUSED/);
  });
});

describe.skipIf(!kafkaAvailable)('lethe topics apply on a broker', () => {
  let kafka: TestKafka;
  let bus: string;
  beforeAll(async () => {
    kafka = await openTestKafka();
    bus = `kafka:${kafka.bootstrap.join(',')}`;
  });
  afterAll(() => kafka?.[Symbol.asyncDispose]());
  const states = async (...args: string[]) => {
    const { code, results } = await run('topics', 'apply', '--bus', bus, ...args);
    return { code, states: [...new Set(results.map(({ state }) => state))], results };
  };

  /** What lethe doctor finds of the bus that must be mended. */
  const problems = async () => {
    const { code, results } = await run('doctor', '--only', 'bus', '--bus', bus);
    const found = results.filter(({ state }) => state === 'problem');
    return { code, remedies: [...new Set(found.map(({ remedy }) => remedy))] };
  };

  it('creates every topic once, and with --check nothing; lethe doctor sees the difference', async () => {
    expect(await states('--check')).toMatchObject({ code: 6, states: ['missing'] });
    expect(await problems()).toEqual({ code: 6, remedies: ['Run: lethe topics apply'] });
    const first = await states();
    expect(await problems()).toEqual({ code: 0, remedies: [] });
    expect(first).toMatchObject({ code: 0, states: ['created'] });
    expect(first.results.map(({ topic }) => topic)).toEqual(allTopics.map(({ name }) => name));
    expect(await states()).toMatchObject({ code: 0, states: ['as-wanted'] });
    expect(await states('--check')).toMatchObject({ code: 0, states: ['as-wanted'] });
  });

  it('refuses settings under which nothing could be written', async () => {
    const { code, results } = await states('--check', '--kafka-min-insync-replicas', '2');
    expect(code).toBe(2);
    expect(results[0].error.message).toMatch(/min.insync.replicas.*replication factor 1/);
  });
});
