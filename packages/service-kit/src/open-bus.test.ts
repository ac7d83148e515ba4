import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busSettings } from './config/bus-settings.ts';
import { readConfig } from './config/read-config.ts';
import { openBus } from './open-bus.ts';

const open = (env: Readonly<Record<string, string>>) =>
  openBus(readConfig(busSettings, { argv: [], env }));

describe('openBus', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lethe-open-bus-'));
    await writeFile(join(folder, 'password'), 'secret\n');
    await writeFile(join(folder, 'not-pem'), 'no certificate');
    await writeFile(join(folder, 'cert'), '-----BEGIN CERTIFICATE-----');
  });
  afterAll(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const kafka = { LETHE_BUS: 'kafka:localhost:1' };

  it('opens the embedded log', async () => {
    await using bus = await open({ LETHE_BUS: `sqlite:${path('bus.sqlite')}` });
    await expect(bus.lag('g', [])).resolves.toEqual([]);
  });

  it.each(['', 'sqlite:', 'kafka', 'amqp:localhost:5672'])(
    'names the forms for %j',
    async (bus) => {
      const opening = openBus({ ...readConfig(busSettings, { argv: [], env: {} }), bus });
      await expect(opening).rejects.toThrow(/LETHE_BUS.*sqlite:FILE or kafka:HOST:PORT/);
    },
  );

  it('names the setting that is missing beside another', async () => {
    const user = { ...kafka, LETHE_KAFKA_USER: 'lethe' };
    await expect(open(user)).rejects.toThrow(/LETHE_KAFKA_PASSWORD_FILE/);
    const password = { ...kafka, LETHE_KAFKA_PASSWORD_FILE: path('password') };
    await expect(open(password)).rejects.toThrow(/LETHE_KAFKA_USER/);
    const cert = { ...kafka, LETHE_KAFKA_CERT_FILE: path('cert') };
    await expect(open(cert)).rejects.toThrow(/LETHE_KAFKA_KEY_FILE/);
    const key = { ...kafka, LETHE_KAFKA_KEY_FILE: path('cert') };
    await expect(open(key)).rejects.toThrow(/LETHE_KAFKA_CERT_FILE/);
  });

  it('names the file that cannot be read, or is not PEM', async () => {
    const none = { ...kafka, LETHE_KAFKA_CA_FILE: path('none') };
    await expect(open(none)).rejects.toThrow(/LETHE_KAFKA_CA_FILE.*none.*ENOENT/);
    const text = { ...kafka, LETHE_KAFKA_CA_FILE: path('not-pem') };
    await expect(open(text)).rejects.toThrow(/LETHE_KAFKA_CA_FILE.*is not PEM/);
  });

  it('refuses another machine without TLS and a user, and says how to allow it', async () => {
    const far = { LETHE_BUS: 'kafka:localhost:1,kafka.example.org:9092' };
    await expect(open(far)).rejects.toThrow(/kafka.example.org:9092.*LETHE_KAFKA_ALLOW_INSECURE/);
    await expect(open({ ...far, LETHE_KAFKA_TLS: 'true' })).rejects.toThrow(/SASL user/);
  });
});
