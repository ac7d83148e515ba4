import { expect, test } from 'vitest';
import { isDigest, sha256 } from './digest.ts';
import { ServingPointer } from './gen/lethe/v1/lineage.ts';
import { decodeRecord, encodeRecord } from './records.ts';
import { allTopics, deadLetterTopic, topics } from './topics.ts';

const pointer = ServingPointer.fromPartial({
  modelKey: 'm',
  generation: 3,
  sequence: 2,
  promotedTime: new Date('2026-01-31T00:00:00.000Z'),
});

test('a record survives its canonical bytes, and the same record gives the same bytes', () => {
  const bytes = encodeRecord(ServingPointer, pointer);
  expect(decodeRecord(ServingPointer, bytes, 'pointer')).toEqual(pointer);
  expect(encodeRecord(ServingPointer, { ...pointer })).toEqual(bytes);
});

test.each(['', '{', 'null', '\ufffd'])('bytes %j are refused as corrupt, named', (text) => {
  const bytes = text === '\ufffd' ? Uint8Array.of(0xff) : new TextEncoder().encode(text);
  expect(() => decodeRecord(ServingPointer, bytes, 'serving.json of m')).toThrow(
    /serving\.json of m is not a valid record/,
  );
});

test('digests are lower-case SHA-256 (FIPS 180-4, "abc")', () => {
  const digest = sha256('abc');
  expect(digest).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(isDigest(digest)).toBe(true);
  expect(isDigest(digest.toUpperCase())).toBe(false);
});

test('every topic has a dead-letter topic, with all of it in order', () => {
  for (const topic of Object.values(topics)) {
    expect(allTopics).toContainEqual(deadLetterTopic(topic));
    expect(deadLetterTopic(topic).partitions).toBe(1);
  }
});
