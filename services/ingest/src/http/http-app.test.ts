import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { DeletionRequest, DeletionRequested, sha256, topics } from '@lethe/contracts';
import { verifyEvidence } from '@lethe/evidence';
import { silentLog } from '@lethe/service-kit';
import { readTopic } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deletionEventType } from '../formats/cloud-event.ts';
import { createIngestService, type IngestService } from '../service.ts';
import { type IntakeHome, openIntakeHome } from '../testing/intake-home.ts';

let home: IntakeHome;
let service: IngestService;

beforeAll(async () => {
  home = await openIntakeHome();
  service = createIngestService({
    ...home,
    httpAddress: '127.0.0.1:0',
    defaultEmitter: 'default',
    log: silentLog,
  });
  await service.start();
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const json = { 'content-type': 'application/json' };

async function post(path: string, body: unknown, headers: Record<string, string> = json) {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`http://${service.httpAddress()}${path}`, {
    method: 'POST',
    body: isRaw ? (body as string) : JSON.stringify(body),
    headers,
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text,
    json: () => JSON.parse(text),
  };
}

function deletion(change: object = {}) {
  return { request_id: randomUUID(), model_key: 'm1', scope: { subject: 'user-1' }, ...change };
}

async function event(requestId: string): Promise<DeletionRequested | undefined> {
  const records = await readTopic(home.bus, topics.deletionRequested);
  return records
    .map(({ value }) => DeletionRequested.decode(value))
    .find((each) => each.requestId === requestId);
}

describe('POST /v1/deletions', () => {
  it('takes a request in and answers with the receipt, the same twice', async () => {
    const body = deletion({ submitted_time: '2026-01-31T09:30:00+02:00', regulation: 'ccpa' });
    const first = await post('/v1/deletions', body, { ...json, 'x-lethe-emitter': 'shop' });
    expect(first.status).toBe(202);
    expect(first.json()).toMatchObject({
      requestId: body.request_id,
      emitter: 'shop',
      state: 'REQUEST_STATE_ACCEPTED',
      sampleCount: 4,
      deadline: '2026-03-17T07:30:00.000Z',
    });
    const again = await post('/v1/deletions', { ...body, emitter: 'shop' });
    expect(again.text).toBe(first.text);
  });

  it('reads camelCase as well, and all three kinds of scope', async () => {
    const bodies = [
      { scope: { samples: { ids: ['sample-8'], sha256: [sha256('bytes of 9')] } }, sampleCount: 2 },
      { scope: { classLabel: 2 }, sampleCount: 11 },
      { scope: { class_label: 3 }, mode: 'MODE_RELABEL', relabel_to: 4, sampleCount: 11 },
    ];
    for (const { sampleCount, ...body } of bodies) {
      const sent = { requestId: randomUUID(), modelKey: 'm1', ...body };
      const answer = await post('/v1/deletions', sent);
      expect(answer.json()).toMatchObject({ requestId: sent.requestId, sampleCount });
    }
  });

  it('answers with a problem that names every violation', async () => {
    const body = {
      request_id: 'x',
      model_key: 'm1',
      scope: { subject: 7, subjects: 'user-1' },
      sumbitted_time: 'now',
      submitted_time: 'yesterday',
      mode: 'forget',
    };
    const answer = await post('/v1/deletions', body);
    expect(answer.status).toBe(400);
    expect(answer.type).toContain('application/problem+json');
    const problem = answer.json();
    expect(problem).toMatchObject({ type: 'urn:lethe:error:invalid', status: 400 });
    const fields = problem.violations.map(({ field }: { field: string }) => field);
    expect(fields.sort()).toEqual([
      'mode',
      'request_id',
      'scope.subject',
      'scope.subjects',
      'submitted_time',
      'sumbitted_time',
    ]);
    for (const violation of problem.violations) expect(violation.remedy).not.toBe('');
  });

  it.each([
    ['an unknown model', () => deletion({ model_key: 'ghost' }), 404, 'model_key'],
    ['no scope', () => deletion({ scope: undefined }), 400, 'scope'],
    ['an empty scope', () => deletion({ scope: {} }), 400, 'scope'],
    [
      'two kinds of scope',
      () => deletion({ scope: { subject: 'a', class_label: 1 } }),
      400,
      'scope',
    ],
    [
      'a time in the future',
      () => deletion({ submitted_time: '2999-01-01T00:00:00Z' }),
      400,
      'submitted_time',
    ],
    [
      'a label out of range',
      () => deletion({ scope: { class_label: 10 } }),
      400,
      'scope.class_label',
    ],
    [
      'an unknown sample among known ones',
      () => deletion({ scope: { samples: { ids: ['sample-1', 'ghost'] } } }),
      400,
      'scope.samples.ids',
    ],
    ['no JSON', () => '{"request_id":', 400, 'body'],
    ['no object', () => '5', 400, 'body'],
    ['invalid UTF-8', () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'body'],
    [
      'a lone surrogate',
      () => JSON.stringify(deletion({ scope: { subject: '\ud800' } })),
      400,
      'scope.subject',
    ],
  ])('refuses %s', async (_, body, status, field) => {
    const answer = await post('/v1/deletions', body());
    expect(answer.status).toBe(status);
    expect(answer.json().violations).toMatchObject([{ field }]);
  });

  it('refuses a used id with another body', async () => {
    const body = deletion();
    await post('/v1/deletions', body);
    const answer = await post('/v1/deletions', { ...body, scope: { subject: 'user-2' } });
    expect(answer.status).toBe(409);
    expect(answer.json().violations).toMatchObject([
      { field: 'request_id', value: body.request_id },
    ]);
  });

  it('refuses a million ids', async () => {
    const ids = Array.from({ length: 1_000_000 }, (_, at) => at.toString(36));
    const answer = await post('/v1/deletions', deletion({ scope: { samples: { ids } } }));
    expect(answer.status).toBe(400);
    expect(answer.json().violations).toMatchObject([
      { field: 'scope.samples', value: '1000000 samples' },
    ]);
  });

  it('refuses a body of 100 MB by its stated length, and goes on', async () => {
    const sizeBytes = 100 * 1024 * 1024;
    const answer = await new Promise<{ status: number | undefined; text: string }>(
      (resolve, reject) => {
        const sent = httpRequest(
          `http://${service.httpAddress()}/v1/deletions`,
          { method: 'POST', headers: { ...json, 'content-length': sizeBytes } },
          async (response) => {
            let text = '';
            for await (const piece of response) text += piece;
            sent.destroy();
            resolve({ status: response.statusCode, text });
          },
        );
        sent.on('error', reject);
        sent.write('{');
      },
    );
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text).violations).toMatchObject([
      { field: 'body', value: `${sizeBytes} bytes` },
    ]);
    expect((await post('/v1/deletions', deletion())).status).toBe(202);
  });

  it('takes a JSON array, each with a result of its own', async () => {
    const batch = [deletion(), deletion({ model_key: 'ghost' }), deletion()];
    const answer = await post('/v1/deletions', batch);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject([
      { receipt: { requestId: batch[0]?.request_id } },
      { error: { status: 404, violations: [{ field: 'model_key' }] } },
      { receipt: { requestId: batch[2]?.request_id } },
    ]);
  });

  it('takes lines of JSON; a broken line stops no other', async () => {
    const first = deletion();
    const last = deletion();
    const lines = `${JSON.stringify(first)}\n{broken\n\n${JSON.stringify(last)}\n`;
    const answer = await post('/v1/deletions', lines, { 'content-type': 'application/x-ndjson' });
    const results = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(results).toMatchObject([
      { receipt: { requestId: first.request_id } },
      { error: { status: 400 } },
      { receipt: { requestId: last.request_id } },
    ]);
    expect(results[1].error.violations[0]).toMatchObject({ field: 'line 2' });
    // Each receipt of a list can be passed on and checked by itself.
    for (const at of [0, 2]) {
      const envelope = Buffer.from(results[at].receipt.signedReceipt);
      expect(verifyEvidence(envelope, home.keys.keys(), new Date())).toMatchObject({
        kind: 'valid',
        statement: { predicate: { receipts: [{ request_id: results[at].receipt.requestId }] } },
      });
    }
  });
});

describe('POST /cloudevents', () => {
  const attributes = { specversion: '1.0', source: '/shop', type: deletionEventType };
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  const data = { model_key: 'm1', scope: { subject: 'user-3' } };

  it('takes a structured event; its id and time are the request’s', async () => {
    const id = randomUUID();
    const time = '2026-02-01T00:00:00Z';
    const answer = await post('/cloudevents', { ...attributes, id, time, data }, structured);
    expect(answer.status).toBe(202);
    expect(await event(id)).toMatchObject({ submittedTime: new Date(time) });
  });

  it('takes a binary event', async () => {
    const id = randomUUID();
    const headers = Object.fromEntries(
      Object.entries({ ...attributes, id }).map(([name, value]) => [`ce-${name}`, value]),
    );
    const answer = await post('/cloudevents', data, { ...headers, ...json });
    expect(answer.json()).toMatchObject({ requestId: id, sampleCount: 4 });
  });

  it('takes protobuf data', async () => {
    const id = randomUUID();
    const message = DeletionRequest.fromPartial({
      modelKey: 'm1',
      scope: { kind: { $case: 'subject', value: 'user-3' } },
    });
    const bytes = Buffer.from(DeletionRequest.encode(message).finish());
    const body = {
      ...attributes,
      id,
      datacontenttype: 'application/protobuf',
      data_base64: bytes.toString('base64'),
    };
    expect((await post('/cloudevents', body, structured)).json()).toMatchObject({ requestId: id });
  });

  it('takes a batch, each event with a result of its own', async () => {
    const id = randomUUID();
    const events = [
      { ...attributes, id, data },
      { ...attributes, id: randomUUID(), type: 'something.else', data },
    ];
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    expect((await post('/cloudevents', events, headers)).json()).toMatchObject([
      { receipt: { requestId: id } },
      { error: { violations: [{ field: 'type', value: 'something.else' }] } },
    ]);
  });

  it('refuses what is no CloudEvent 1.0, naming the attributes', async () => {
    const answer = await post('/cloudevents', { specversion: '0.3', data }, structured);
    expect(answer.status).toBe(400);
    const fields = answer.json().violations.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(expect.arrayContaining(['specversion', 'type', 'id', 'source']));
  });
});

describe('POST /opendsr/v1/requests', () => {
  const erasure = (change: object = {}) => ({
    regulation: 'gdpr',
    subject_request_id: randomUUID(),
    subject_request_type: 'erasure',
    submitted_time: '2026-01-31T00:00:00Z',
    api_version: '2.0',
    status_callback_urls: ['https://example.com/callback'],
    subject_identities: [
      {
        identity_type: 'controller_customer_id',
        identity_format: 'raw',
        identity_value: 'user-5',
      },
    ],
    extensions: { lethe: { model_key: 'm1' } },
    ...change,
  });

  it('takes an erasure request in and answers in its words', async () => {
    const body = erasure();
    const answer = await post('/opendsr/v1/requests', body, {
      ...json,
      'x-lethe-emitter': 'privacy-desk',
    });
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({
      controller_id: 'privacy-desk',
      subject_request_id: body.subject_request_id,
      expected_completion_time: '2026-02-28T00:00:00.000Z',
      encoded_request: Buffer.from(JSON.stringify(body)).toString('base64'),
    });
    expect(await event(body.subject_request_id)).toMatchObject({ emitter: 'privacy-desk' });
  });

  it.each([
    ['another type of request', { subject_request_type: 'access' }, 'subject_request_type'],
    ['no identity', { subject_identities: [] }, 'subject_identities'],
    [
      'an identity it cannot look up',
      { subject_identities: [{ identity_type: 'email', identity_value: 'a@b.c' }] },
      'subject_identities[0]',
    ],
    ['no model', { extensions: {} }, 'model_key'],
  ])('refuses %s', async (_, change, field) => {
    const answer = await post('/opendsr/v1/requests', erasure(change));
    expect(answer.status).toBe(400);
    const fields = answer.json().violations.map((each: { field: string }) => each.field);
    expect(fields).toContain(field);
  });
});

describe('the HTTP server', () => {
  const get = async (path: string) => {
    const response = await fetch(`http://${service.httpAddress()}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it('says that it lives, that it is ready, and what it can do', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { kind: 'ready' } });
    expect((await get('/opendsr/v1/discovery')).body).toMatchObject({
      supported_subject_request_types: ['erasure'],
    });
  });

  it('answers unknown paths with a problem', async () => {
    expect(await get('/v2/deletions')).toMatchObject({
      status: 404,
      body: { type: 'urn:lethe:error:not_found' },
    });
  });

  it('refuses an address that is taken, naming it', async () => {
    const taken = service.httpAddress() as string;
    await using other = await openIntakeHome();
    await using second = createIngestService({
      ...other,
      httpAddress: taken,
      defaultEmitter: 'default',
      log: silentLog,
    });
    await expect(second.start()).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining(taken),
    });
  });
});
