import { describe, expect, test } from 'vitest';
import { parseS3Address } from './s3-address.ts';

describe('an address of a bucket', () => {
  test('names server, bucket and prefix', () => {
    expect(parseS3Address('s3:https://minio.example.org:9000/lethe/eu/one')).toEqual({
      host: 'minio.example.org',
      port: 9000,
      tls: true,
      bucket: 'lethe',
      prefix: 'eu/one/',
    });
  });

  test('has the port of its protocol where it states none', () => {
    expect(parseS3Address('s3:https://m.example/lethe')).toMatchObject({ port: 443, prefix: '' });
    expect(parseS3Address('s3:http://[::1]/lethe/')).toMatchObject({
      host: '::1',
      port: 80,
      tls: false,
      prefix: '',
    });
  });

  test.each([
    ['s3:lethe', 'is no address'],
    ['https://m.example/lethe', 'is no address'],
    ['s3:ftp://m.example/lethe', 'names no http server'],
    ['s3:https://m.example', 'names no bucket'],
    ['s3:https://m.example/Lethe', 'names no bucket'],
    ['s3:https://m.example/ab', 'names no bucket'],
    ['s3:https://m.example/10.0.0.1', 'names no bucket'],
    ['s3:https://m.example/lethe?versioning', 'after the path'],
    ['s3:https://m.example/lethe/a%20b', 'of a key'],
  ])('%s is refused: %s', (address, reason) => {
    expect(() => parseS3Address(address)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(reason) }),
    );
  });

  test('that holds a key is refused without showing it', () => {
    expect(() => parseS3Address('s3:https://root:secret@m.example/lethe')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret@') }),
    );
  });
});
