import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '@lethe/store';
import { inSpan } from '@lethe/telemetry';
import { type RecordedTelemetry, recordTelemetry } from '@lethe/telemetry/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TracedStore } from './traced-store.ts';

let folder: string;
let store: TracedStore;
let telemetry: RecordedTelemetry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-traced-store-'));
  store = new TracedStore(await FolderStore.open(folder));
  telemetry = recordTelemetry();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe('TracedStore', () => {
  it('makes a span of what happens inside a trace, and none of looking around', async () => {
    await store.put('models/m/manifests/0000000001.json', new Uint8Array([1]));
    await inSpan('round', {}, async () => {
      await store.get('models/m/manifests/0000000001.json');
      await store.put('blobs/abc', new Uint8Array([1]), { kind: 'if-absent' });
      await store.get('models/m/serving.json');
    });
    const names = telemetry.spans().map(({ name }) => name);
    expect(names).toEqual(['get manifests', 'put blobs', 'get serving', 'round']);
  });

  it('counts writes that lost, but no blob that was there already', async () => {
    const body = new Uint8Array([1]);
    for (const key of ['models/m/verdicts/0000000001.json', 'blobs/abc']) {
      await store.put(key, body, { kind: 'if-absent' });
      await store.put(key, body, { kind: 'if-absent' });
    }
    const lost = (await telemetry.scrape()).match(/^lethe_store_conflicts_total\{.*$/gm);
    expect(lost).toEqual(['lethe_store_conflicts_total{record="verdicts"} 1']);
  });

  it('measures every operation, and how it ended', async () => {
    await expect(store.get('../outside')).rejects.toMatchObject({ code: 'invalid' });
    const text = await telemetry.scrape();
    expect(text).toMatch(
      /lethe_store_operation_duration_count\{operation="put",outcome="ok"\} [1-9]/,
    );
    expect(text).toMatch(
      /lethe_store_operation_duration_count\{operation="get",outcome="invalid"\} 1/,
    );
  });
});
