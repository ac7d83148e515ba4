import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OutgoingRecord, SqliteBus } from '@lethe/bus';
import {
  CloudEvent,
  DeletionRequest,
  DeletionRequested,
  DeletionStatus,
  deadLetterTopic,
  ForeignRecord,
  IntakeAnswer,
  LetheError,
  Regulation,
  RequestState,
  topics,
} from '@lethe/contracts';
import { silentLog } from '@lethe/service-kit';
import { busWithPartitions, readTopic } from '@lethe/service-kit/testing';
import { describe, expect, it } from 'vitest';
import { incoming } from '../domain/incoming-request.ts';
import { deletionEventType } from '../formats/cloud-event.ts';
import { createIngestService } from '../service.ts';
import { type IntakeHome, openIntakeHome } from '../testing/intake-home.ts';
import { EmitterSources } from './emitter-sources.ts';

const topic = topics.deletionIntake.name;
/** Stands in bodies, keys and unread headers of everything that is refused: nothing shows it (P6). */
const secret = 'jane-4711';

async function serve(home: IntakeHome, sources = EmitterSources.byName) {
  const failures: Error[] = [];
  const service = createIngestService({
    ...home,
    defaultEmitter: 'default',
    sources,
    log: silentLog,
    onFatal: (error) => failures.push(error),
  });
  await service.start();
  return {
    failures,
    intake: service.intake,
    answers: async () =>
      (await readTopic(home.bus, topics.deletionReceipt)).map(({ key, value }) => ({
        key,
        ...IntakeAnswer.decode(value),
      })),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
    },
  };
}

function body(id: string, change: Record<string, unknown> = {}) {
  return { request_id: id, model_key: 'm1', scope: { subject: 'user-1' }, ...change };
}

function structured(id: string, change: Record<string, unknown> = {}, data = body(id)): Buffer {
  const envelope = { specversion: '1.0', id: 'e-1', source: 'shop', type: deletionEventType };
  return Buffer.from(JSON.stringify({ ...envelope, data, ...change }));
}

const json = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
const binary = {
  'content-type': 'application/json',
  ce_specversion: '1.0',
  ce_id: 'e-1',
  ce_source: 'shop',
  ce_type: deletionEventType,
};

function event(value: Uint8Array, headers: Record<string, string> = json): OutgoingRecord {
  return { topic, key: secret, value, headers };
}

describe('intake by topic', () => {
  it.each<[string, (id: string) => OutgoingRecord]>([
    ['structured in JSON', (id) => event(structured(id))],
    ['binary in JSON', (id) => event(Buffer.from(JSON.stringify(body(id))), binary)],
    [
      'binary in JSON, its id the request id',
      (id) => {
        const { request_id: _, ...rest } = body(id);
        return event(Buffer.from(JSON.stringify(rest)), { ...binary, ce_id: id });
      },
    ],
    [
      'binary in protobuf',
      (id) => event(requestBytes(id), { ...binary, 'content-type': 'application/protobuf' }),
    ],
    [
      'structured in protobuf',
      (id) =>
        event(
          CloudEvent.encode(
            CloudEvent.fromPartial({
              specVersion: '1.0',
              id: 'e-1',
              source: 'shop',
              type: deletionEventType,
              attributes: {
                time: { attr: { $case: 'ceTimestamp', value: new Date('2026-01-31T10:00:00Z') } },
                datacontenttype: { attr: { $case: 'ceString', value: 'application/protobuf' } },
              },
              data: { $case: 'binaryData', value: requestBytes(id) },
            }),
          ).finish(),
          { 'content-type': 'application/cloudevents+protobuf' },
        ),
    ],
  ])('takes a CloudEvent %s', async (_, make) => {
    await using home = await openIntakeHome();
    await using ingest = await serve(home);
    const id = randomUUID();
    await home.bus.publish([make(id)]);
    await expect.poll(ingest.answers).toMatchObject([
      {
        key: 'm1',
        event: expect.stringMatching(/^deletion\.intake\.v1\/\d\/0$/),
        requestId: id,
        emitter: 'shop',
        answer: { $case: 'receipt', value: { requestId: id, emitter: 'shop', sampleCount: 4 } },
      },
    ]);
    const [requested] = await readTopic(home.bus, topics.deletionRequested);
    expect(requested?.key).toBe('m1');
    expect(DeletionRequested.decode(requested!.value)).toMatchObject({
      requestId: id,
      emitter: 'shop',
      regulation: Regulation.REGULATION_GDPR,
    });
    const [status] = await readTopic(home.bus, topics.deletionStatus);
    expect(DeletionStatus.decode(status!.value).state).toBe(RequestState.REQUEST_STATE_ACCEPTED);
    expect(ingest.failures).toEqual([]);
  });

  it('gives the same event the same receipt and one request, also where HTTP took it before', async () => {
    await using home = await openIntakeHome();
    await using ingest = await serve(home);
    const id = randomUUID();
    const { receipt } = await ingest.intake.submit(
      incoming(DeletionRequest.decode(requestBytes(id))),
      'shop',
    );
    await home.bus.publish([event(structured(id)), event(structured(id))]);
    await expect.poll(ingest.answers).toHaveLength(2);
    for (const { answer } of await ingest.answers()) {
      const signed = { ...receipt, signedReceipt: ingest.intake.sign([receipt]) };
      expect(answer).toEqual({ $case: 'receipt', value: signed });
    }
    expect(await readTopic(home.bus, topics.deletionRequested)).toHaveLength(1);
    expect(await readTopic(home.bus, topics.deletionStatus)).toHaveLength(1);
  });

  it('answers NO_MATCH without a request', async () => {
    await using home = await openIntakeHome();
    await using ingest = await serve(home);
    const id = randomUUID();
    const data = body(id, { scope: { subject: 'nobody' } });
    await home.bus.publish([event(structured(id, {}, data))]);
    await expect
      .poll(ingest.answers)
      .toMatchObject([{ answer: { value: { state: RequestState.REQUEST_STATE_NO_MATCH } } }]);
    expect(await readTopic(home.bus, topics.deletionRequested)).toEqual([]);
  });

  const id = randomUUID();
  it.each<[string, OutgoingRecord, string, RegExp]>([
    ['bytes that are no event', event(Buffer.from(secret), {}), 'invalid', /is no CloudEvent/],
    ['no JSON', event(Buffer.from(`{${secret}`)), 'invalid', /is not valid JSON/],
    [
      'invalid UTF-8',
      event(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
      'invalid',
      /is not valid UTF-8/,
    ],
    ['a handle of invalid UTF-8', event(brokenHandle(id)), 'invalid', /is not valid UTF-8/],
    [
      'no protobuf',
      event(Buffer.from([0xff, 0xff]), { 'content-type': 'application/cloudevents+protobuf' }),
      'invalid',
      /is not an io\.cloudevents\.v1\.CloudEvent/,
    ],
    [
      'a batch',
      event(Buffer.from('[]'), { 'content-type': 'application/cloudevents-batch+json' }),
      'invalid',
      /is no format that is read here/,
    ],
    [
      'an unknown source',
      event(structured(id, { source: 'https://x/y' })),
      'invalid',
      /source is not a source/,
    ],
    [
      'another emitter than its source',
      event(structured(id, {}, body(id, { emitter: 'bank' }))),
      'denied',
      /this caller is shop/,
    ],
    [
      'another type',
      event(structured(id, { type: 'order.created' })),
      'invalid',
      /type is not a type of event/,
    ],
    [
      'an unknown model',
      event(structured(id, {}, body(id, { model_key: 'nope', scope: { subject: secret } }))),
      'not_found',
      /model_key is not registered/,
    ],
    [
      'a misspelt field',
      event(structured(id, {}, body(id, { scope: { subject: secret }, subjct: secret }))),
      'invalid',
      /subjct is not a field/,
    ],
  ])(
    'refuses %s: a dead letter, an answer, and the next goes on',
    async (_, record, code, words) => {
      await using home = await openIntakeHome();
      await home.bus.ensureTopics([topics.deletionIntake]);
      const good = randomUUID();
      await home.bus.publish([record, event(structured(good))]);
      await using ingest = await serve(home);
      await expect.poll(ingest.answers).toHaveLength(2);
      const answers = await ingest.answers();
      expect(answers.find(({ requestId }) => requestId === good)?.answer?.$case).toBe('receipt');
      const refusal = answers.find(({ answer }) => answer?.$case === 'refusal');
      expect(refusal?.answer?.value).toMatchObject({ code, reason: expect.stringMatching(words) });
      const letters = await readTopic(home.bus, deadLetterTopic(topics.deletionIntake));
      expect(letters).toHaveLength(1);
      expect(letters[0]?.headers).toMatchObject({
        'lethe-dlq-stage': 'ingest',
        'lethe-dlq-error': code,
        'lethe-dlq-reason': expect.stringMatching(words),
        'lethe-dlq-form': 'foreign-record',
      });
      const { key, headers } = letters[0]!;
      expect(JSON.stringify([key, headers, refusal])).not.toContain('jane');
      expect(ingest.failures).toEqual([]);
    },
  );

  it('refuses a used id with another body, and keeps the first', async () => {
    await using home = await openIntakeHome();
    await using ingest = await serve(home);
    const used = randomUUID();
    const other = structured(used, {}, body(used, { scope: { subject: 'user-2' } }));
    await home.bus.publish([event(structured(used)), event(other)]);
    await expect
      .poll(ingest.answers)
      .toMatchObject([
        { answer: { $case: 'receipt' } },
        { requestId: used, answer: { $case: 'refusal', value: { code: 'conflict' } } },
      ]);
  });

  it('sets an event of 5 MB at the head of a partition aside, and goes on', async () => {
    await using home = await openIntakeHome();
    await home.bus.ensureTopics([topics.deletionIntake]);
    const file = join(home.folder, 'bus.sqlite');
    await using generous = await SqliteBus.open({ file, maxRecordBytes: 8 * 1024 * 1024 });
    const good = randomUUID();
    await generous.publish([event(Buffer.alloc(5_000_000, 0x20)), event(structured(good))]);
    await using ingest = await serve(home);
    await expect.poll(ingest.answers).toHaveLength(2);
    const letters = await readTopic(home.bus, deadLetterTopic(topics.deletionIntake));
    expect(letters).toMatchObject([
      {
        headers: {
          'lethe-dlq-reason': 'event has more than 1048576 bytes',
          'lethe-dlq-form': 'omitted',
        },
      },
    ]);
    const answered = (await ingest.answers()).map(({ requestId }) => requestId);
    expect(answered.sort()).toEqual(['', good]);
  });

  it('sets aside what the bus could not read, with the reason for answer', async () => {
    await using home = await openIntakeHome();
    const fault = new LetheError(
      'invalid',
      'a batch of 3 records is too large when it is unpacked',
    );
    const bus = busWithPartitions(home.bus, (partition) => ({
      read: async (limit, waitMs) =>
        (await partition.read(limit, waitMs)).map((record) =>
          record.key === 'batch' ? { ...record, fault } : record,
        ),
    }));
    await using ingest = await serve({ ...home, bus });
    // What it may look like: as if it were an event.
    const batch = { ...event(structured(randomUUID())), key: 'batch' };
    await home.bus.publish([batch, event(structured(randomUUID()))]);
    await expect.poll(ingest.answers).toHaveLength(2);
    const cases = (await ingest.answers()).map(({ answer }) => answer);
    expect(cases).toContainEqual(
      expect.objectContaining({
        $case: 'refusal',
        value: expect.objectContaining({ reason: fault.message }),
      }),
    );
    const [letter] = await readTopic(home.bus, deadLetterTopic(topics.deletionIntake));
    expect(letter?.headers['lethe-dlq-reason']).toBe(fault.message);
    expect(ForeignRecord.decode(letter!.value).value).toEqual(Buffer.from(batch.value));
  });

  it('knows emitters by their sources from a file, and says what is wrong with one', async () => {
    await using home = await openIntakeHome();
    const file = join(home.folder, 'sources.json');
    writeFileSync(file, JSON.stringify({ 'https://shop.example/orders': 'shop' }));
    const sources = EmitterSources.read(file);
    expect(sources.emitterOf('https://shop.example/orders')).toBe('shop');
    expect(() => sources.emitterOf('shop')).toThrow('is not a source that intake knows');
    for (const [text, words] of [
      ['[]', 'holds no JSON object'],
      ['{', file],
      ['{"a":"No Name"}', 'a = "No Name"'],
    ] as const) {
      writeFileSync(file, text);
      expect(() => EmitterSources.read(file)).toThrow(words);
    }
    expect(() => EmitterSources.read(join(home.folder, 'none'))).toThrow('ENOENT');
  });
});

function requestBytes(id: string): Buffer {
  const request = DeletionRequest.fromPartial({
    requestId: id,
    modelKey: 'm1',
    scope: { kind: { $case: 'subject', value: 'user-1' } },
  });
  return Buffer.from(DeletionRequest.encode(request).finish());
}

/** An event whose subject holds bytes that are no UTF-8. */
function brokenHandle(id: string): Buffer {
  const text = structured(id, {}, body(id, { scope: { subject: 'jane-ÿ' } })).toString();
  return Buffer.from(text, 'latin1');
}
