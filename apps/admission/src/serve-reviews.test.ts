import { request } from 'node:https';
import { CheckReleaseResponse, LetheError, ServingPointer } from '@lethe/contracts';
import { readTlsFiles, silentLog } from '@lethe/service-kit';
import { CertificateAuthority } from '@lethe/service-kit/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { annotations } from './read-review.ts';
import { type CheckRelease, ReleaseChecker } from './release-checker.ts';
import { type ReviewServer, reviewPath, serveReviews } from './serve-reviews.ts';

const [good, bad, unknown, away] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64));
const explanation = 'weights bbb do not serve: version 3 of m does';
const serving = ServingPointer.fromPartial({ modelKey: 'm', sequence: 3 });

let questions = 0;
let asked: CheckRelease;
const check: CheckRelease = async (question) => {
  questions++;
  return await asked(question);
};

let ca: CertificateAuthority;
let server: ReviewServer;
/** Answers at most three reviews at once, of 4 MiB together. */
beforeAll(async () => {
  ca = await CertificateAuthority.create();
  const { certFile, keyFile } = await ca.issueServer();
  const checker = new ReleaseChecker(check);
  server = await serveReviews({
    address: '127.0.0.1:0',
    tls: {
      files: await readTlsFiles(certFile, keyFile, ''),
      hasClientCa: false,
      requireClientCertificate: false,
    },
    answer: (review) => checker.answer(review),
    maxReviews: 3,
    maxHeldBytes: 4 * 2 ** 20,
    log: silentLog,
  });
  asked = async ({ weightsDigest }) => {
    if (weightsDigest === unknown) throw new LetheError('not_found', 'model m is not registered');
    if (weightsDigest === away) throw new LetheError('unavailable', 'nothing answers at registry');
    return CheckReleaseResponse.fromPartial(
      weightsDigest === good
        ? { allowed: true, serving }
        : { allowed: false, serving, problems: [{ reason: 'not_serving', explanation }] },
    );
  };
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await ca?.[Symbol.asyncDispose]();
});

interface Told {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function post(body: string, path = reviewPath): Promise<Told> {
  return new Promise((resolve, reject) => {
    const [host, port] = server.address.split(':');
    const sent = request({ host, port, path, method: 'POST', ca: ca.certificate }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ status, retryAfter: headers['retry-after'], text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function review(digest: string | undefined): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { kind: 'Pod' },
      object: { metadata: { annotations: { [annotations.digest]: digest } } },
    },
  });
}

const answerTo = async (digest: string | undefined) =>
  JSON.parse((await post(review(digest))).text).response;

describe('a review is answered', () => {
  test('yes for the model that serves, with its version for the audit log', async () => {
    expect(await answerTo(good)).toEqual({
      uid: 'u-1',
      allowed: true,
      auditAnnotations: { models: 'm@3' },
    });
  });

  test.each([
    ['another model', bad!, 403, explanation],
    ['a model that is not known', unknown!, 403, 'not registered'],
    ['two of which one does not serve', `${good},${bad}`, 403, explanation],
    ['one that cannot be asked about', away!, 503, 'nothing answers at registry'],
  ])('no for %s, with the reason', async (_what, digest, code, reason) => {
    expect(await answerTo(digest)).toMatchObject({
      allowed: false,
      status: { code, message: expect.stringContaining(reason) },
    });
  });

  test('yes without a question where no model is named', async () => {
    const before = questions;
    expect(await answerTo(undefined)).toEqual({ uid: 'u-1', allowed: true });
    expect(questions).toBe(before);
  });
});

test('what is no review gets an error that says so, and other paths lead nowhere', async () => {
  expect(await post('{')).toMatchObject({ status: 400, text: expect.stringContaining('JSON') });
  expect(await post('{}', '/')).toMatchObject({ status: 404 });
  const huge = await post(' '.repeat(9 * 2 ** 20)).catch(({ code }) => ({ status: code }));
  expect([429, 413, 'ECONNRESET', 'EPIPE']).toContain(huge.status);
});

test('in a flood the same question is asked once, and what is too much is to come again', async () => {
  const usual = asked;
  const hold = Promise.withResolvers<void>();
  asked = async (question) => {
    await hold.promise;
    return await usual(question);
  };
  const before = questions;
  const turnedAway: Told[] = [];
  const flood = Array.from({ length: 12 }, async () => {
    const told = await post(review(good));
    if (told.status === 429) turnedAway.push(told);
    return told;
  });
  await expect.poll(() => turnedAway.length).toBe(9);
  expect(turnedAway[0]).toMatchObject({ retryAfter: '1', text: expect.stringContaining('again') });
  expect(questions).toBe(before + 1);
  hold.resolve();
  const answered = (await Promise.all(flood)).filter(({ status }) => status === 200);
  expect(answered).toHaveLength(3);
  expect(questions).toBe(before + 1);
  asked = usual;
  expect(await answerTo(good)).toMatchObject({ allowed: true });
});

test('reviews that are big together are held up to a bound; the one that passes it is to come again', async () => {
  const hold = Promise.withResolvers<void>();
  const usual = asked;
  asked = async (question) => {
    await hold.promise;
    return await usual(question);
  };
  const big = ' '.repeat(3 * 2 ** 20);
  const before = questions;
  const first = post(review(good) + big);
  await expect.poll(() => questions).toBe(before + 1);
  const second = await post(review(good) + big).catch(({ code }) => ({ status: code }));
  expect([429, 'ECONNRESET', 'EPIPE']).toContain(second.status);
  hold.resolve();
  expect((await first).status).toBe(200);
  asked = usual;
  expect((await post(review(good) + big)).status).toBe(200);
});
