import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hangUp, s3Double, s3Error, silence, stored, truncated, whole } from '../test/s3-double.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { bytesOf } from './contract/fixture.ts';
import { MinioStore } from './minio-store.ts';

const bytes = bytesOf('hello');
const ifAbsent = { kind: 'if-absent' } as const;

describe('trouble on the way to an S3 server', () => {
  test.each([
    [403, 'AccessDenied', 'precondition', 'denies access'],
    [403, 'SignatureDoesNotMatch', 'precondition', 'secret key'],
    [403, 'RequestTimeTooSkewed', 'precondition', 'clock'],
    [404, 'NoSuchBucket', 'precondition', 'lethe bucket apply'],
    [507, 'XMinioStorageFull', 'capacity', 'disks are full'],
    [400, 'XMinioAdminBucketQuotaExceeded', 'capacity', 'quota'],
    [400, 'KeyTooLongError', 'invalid', '255 bytes'],
    [503, 'SlowDownWrite', 'unavailable', 'SlowDownWrite'],
    [500, 'InternalError', 'unavailable', 'InternalError'],
    [501, 'NotImplemented', 'precondition', 'honours conditions'],
    [400, 'InvalidRequest', 'unavailable', 'InvalidRequest'],
  ])('a put that is answered %i %s is %s', async (status, code, expected, words) => {
    await using double = await s3Double([s3Error(status, code)]);
    await expect(double.store.put('a', bytes, ifAbsent)).rejects.toMatchObject({
      name: 'LetheError',
      code: expected,
      message: expect.stringContaining(words),
    });
    expect(double.requests).toEqual(['PUT /lethe/a']);
  });

  test('a server that has just been started and does not know its users yet is waited for', async () => {
    const notYet = s3Error(403, 'InvalidAccessKeyId');
    await using double = await s3Double([notYet, notYet, notYet, notYet, notYet, stored('e')]);
    expect(await double.store.put('a', bytes, ifAbsent)).toMatchObject({ kind: 'stored' });
  });

  test('a key that it does not know after that is the wrong one', async () => {
    const unknown = s3Error(403, 'InvalidAccessKeyId');
    await using double = await s3Double([unknown], { attempts: 2 });
    await expect(double.store.put('a', bytes, ifAbsent)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('does not know the access key'),
    });
  });

  test('a bucket that keeps objects by a lock says so', async () => {
    const locked = s3Error(
      400,
      'InvalidRequest',
      'Object is WORM protected and cannot be overwritten',
    );
    await using double = await s3Double([locked]);
    await expect(double.store.put('a', bytes)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('object lock'),
    });
  });

  test('a disk that fills up in the middle of a write is full, as one that was full before', async () => {
    const message = 'We encountered an internal error: cause(no space left on device)';
    await using double = await s3Double([s3Error(500, 'InternalError', message)]);
    await expect(double.store.put('a', bytes, ifAbsent)).rejects.toMatchObject({
      code: 'capacity',
      message: expect.stringContaining('disks are full'),
    });
  });

  test('an answer without a body is told from its number', async () => {
    await using double = await s3Double([
      (request, response) => {
        request.resume().on('end', () => response.writeHead(502).end());
      },
    ]);
    await expect(double.store.put('a', bytes, ifAbsent)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('HTTP 502'),
    });
  });

  test('nobody there: unavailable, with the address', async () => {
    await using store = new MinioStore({
      host: '127.0.0.1',
      port: 9,
      tls: false,
      bucket: 'lethe',
      prefix: '',
      attempts: 2,
      secrets: () => ({ accessKey: 'key', secretKey: 'secret' }),
    });
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });

  test('a server that says nothing is given up', async () => {
    await using double = await s3Double([silence], { timeoutMs: 50, attempts: 2 });
    await expect(double.store.get('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('nothing for 50 ms'),
    });
    // On a busy machine the server reads the last one when it has been given up already.
    await expect.poll(() => double.requests).toHaveLength(2);
  });

  test('a server without TLS, where https is asked for, is named as that', async () => {
    await using double = await s3Double([whole('x')], { tls: true });
    await expect(double.store.get('a')).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('speaks no TLS'),
    });
  });
});

describe('trying again', () => {
  test('a read is tried again, and succeeds', async () => {
    await using double = await s3Double([s3Error(503, 'SlowDownRead'), hangUp, whole('hello')]);
    const found = await double.store.get('a');
    expect(new TextDecoder().decode(found?.bytes)).toBe('hello');
    expect(double.requests).toHaveLength(3);
  });

  test('a write without condition is tried again', async () => {
    await using double = await s3Double([hangUp, stored('e2')]);
    expect(await double.store.put('a', bytes)).toEqual({ kind: 'stored', etag: 'e2' });
  });

  test('a conditional write whose outcome is unknown is not: it might refuse itself', async () => {
    await using double = await s3Double([hangUp, s3Error(412, 'PreconditionFailed')]);
    await expect(double.store.put('a', bytes, ifAbsent)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(double.requests).toHaveLength(1);
  });

  test('a conditional write that met another one under way is tried again', async () => {
    await using double = await s3Double([
      s3Error(409, 'ConditionalRequestConflict'),
      s3Error(412, 'PreconditionFailed'),
    ]);
    expect(await double.store.put('a', bytes, ifAbsent)).toEqual({ kind: 'refused' });
    expect(double.requests).toHaveLength(2);
  });

  test('wrong keys are not tried again, and new ones are taken when they are there', async () => {
    let secrets = { accessKey: 'old', secretKey: 'secret' };
    const denying = s3Error(403, 'SignatureDoesNotMatch');
    await using double = await s3Double(
      [
        (request, response) =>
          request.headers.authorization?.includes('Credential=new/') === true
            ? stored('e')(request, response)
            : denying(request, response),
      ],
      { secrets: () => secrets },
    );
    await expect(double.store.put('a', bytes)).rejects.toMatchObject({ code: 'precondition' });
    expect(double.requests).toHaveLength(1);
    secrets = { accessKey: 'new', secretKey: 'secret' };
    expect(await double.store.put('a', bytes)).toMatchObject({ kind: 'stored' });
  });
});

describe('reading', () => {
  test('never gives a part of an object for the whole', async () => {
    await using root = await temporaryFolder();
    await using double = await s3Double([truncated('hel', 5)], { attempts: 2 });
    await expect(double.store.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    const target = join(root.path, 'a');
    await expect(double.store.download('a', target)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await readdir(root.path)).toEqual([]);
  });

  test('gets the whole after a part', async () => {
    await using root = await temporaryFolder();
    await using double = await s3Double([truncated('hel', 5), whole('hello')]);
    expect(await double.store.download('a', join(root.path, 'a'))).toBe(true);
    expect(await readFile(join(root.path, 'a'), 'utf8')).toBe('hello');
    expect(await readdir(root.path)).toEqual(['a']);
  });
});

test('a store that is closed ends what waits, and starts nothing', async () => {
  await using double = await s3Double([silence]);
  const waiting = double.store.get('a');
  waiting.catch(() => undefined);
  await expect.poll(() => double.requests.length).toBe(1);
  await double.store[Symbol.asyncDispose]();
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  await expect(double.store.get('a')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('closed'),
  });
  expect(double.requests).toHaveLength(1);
});

test('a bigger conditional write looks first, and sends nothing that would be refused', async () => {
  await using double = await s3Double([stored('there')]);
  const big = new Uint8Array(2 * 2 ** 20);
  expect(await double.store.put('a', big, ifAbsent)).toEqual({ kind: 'refused' });
  expect(double.requests).toEqual(['HEAD /lethe/a']);
});
