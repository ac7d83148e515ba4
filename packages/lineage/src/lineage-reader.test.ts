import type { RoundManifest } from '@lethe/contracts';
import { describe, expect, test } from 'vitest';
import { type Fixture, openFixture } from '../test/fixture.ts';
import { decision, modelKey, part, registration, request, round } from '../test/records.ts';
import { manifestKey } from './keys.ts';
import { openLineage } from './lineage-reader.ts';

/** Appends a decided round for one request; the parent is the entry before. */
async function append(fixture: Fixture, sequence: number): Promise<RoundManifest> {
  const parts = [part(request(`r${sequence}`, [sequence]))];
  const manifest = round({ sequence, parent: sequence - 1, parts });
  await fixture.lineages.commitManifest(manifest);
  await fixture.lineages.putDecision(decision(manifest, true));
  return manifest;
}

async function registeredFixture(): Promise<Fixture> {
  const fixture = await openFixture();
  await fixture.lineages.register(registration);
  return fixture;
}

test('a model that is not registered is not found, by its name', async () => {
  await using fixture = await openFixture();
  await expect(openLineage(fixture.lineages, 'nobody')).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('nobody'),
  });
});

test('a log is read with its registration and its last, undecided round', async () => {
  await using fixture = await registeredFixture();
  for (const sequence of [1, 2]) await append(fixture, sequence);
  await fixture.lineages.commitManifest(round({ sequence: 3, parent: 2 }));
  const lineage = await openLineage(fixture.lineages, modelKey);
  expect(lineage.registration).toEqual(registration);
  expect(lineage.state.head.sequence).toBe(2);
  expect(lineage.state.inFlight?.sequence).toBe(3);
  expect(lineage.state.completedCount).toBe(2);
});

describe('a refresh', () => {
  test('sees what others appended, record by record', async () => {
    await using fixture = await registeredFixture();
    const { lineages } = fixture;
    const lineage = await openLineage(lineages, modelKey);
    expect(await lineage.refresh()).toBe(false);
    const manifest = round({ sequence: 1, parts: [part(request('a', [1]))] });
    await lineages.commitManifest(manifest);
    expect(await lineage.refresh()).toBe(true);
    expect(lineage.state.inFlight?.sequence).toBe(1);
    expect(await lineage.refresh()).toBe(false);
    await lineages.putDecision(decision(manifest, true));
    await append(fixture, 2);
    expect(await lineage.refresh()).toBe(true);
    expect(lineage.state.head.sequence).toBe(2);
    expect(lineage.state.progress('shop/a')).toEqual({ kind: 'completed' });
  });

  test('reads only what is new, however long the log is', async () => {
    await using fixture = await registeredFixture();
    const lineage = await openLineage(fixture.lineages, modelKey);
    for (let sequence = 1; sequence <= 6; sequence++) {
      await append(fixture, sequence);
      const { get, list } = fixture.store.calls;
      await lineage.refresh();
      // Manifest, decision, and a look for the next manifest.
      expect(fixture.store.calls.get - get).toBe(3);
      expect(fixture.store.calls.list - list).toBe(0);
    }
  });

  test('asked for many times at once applies each record once', async () => {
    await using fixture = await registeredFixture();
    const lineage = await openLineage(fixture.lineages, modelKey);
    for (const sequence of [1, 2, 3]) await append(fixture, sequence);
    const news = await Promise.all([1, 2, 3, 4].map(() => lineage.refresh()));
    expect(news).toEqual([true, false, false, false]);
    expect(lineage.state.nextSequence).toBe(4);
  });

  test('that failed can be tried again', async () => {
    await using fixture = await registeredFixture();
    const lineage = await openLineage(fixture.lineages, modelKey);
    await append(fixture, 1);
    fixture.store.beforeGet = () => {
      throw new Error('no connection');
    };
    await expect(lineage.refresh()).rejects.toThrow('no connection');
    fixture.store.beforeGet = () => {};
    expect(await lineage.refresh()).toBe(true);
    expect(lineage.state.head.sequence).toBe(1);
  });
});

test('a log with a gap is corrupt, by the entry that is missing', async () => {
  await using fixture = await registeredFixture();
  for (const sequence of [1, 2, 3]) await append(fixture, sequence);
  await fixture.store.deleteAllVersions(manifestKey(modelKey, 2));
  await expect(openLineage(fixture.lineages, modelKey)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('entry 2'),
  });
});

test('a log is read whole while others append to it', async () => {
  await using fixture = await registeredFixture();
  const appending = (async () => {
    for (let sequence = 1; sequence <= 6; sequence++) await append(fixture, sequence);
  })();
  for (let opened = 0; opened < 10; opened++) {
    const lineage = await openLineage(fixture.lineages, modelKey);
    expect(lineage.state.nextSequence).toBeGreaterThanOrEqual(lineage.state.head.sequence + 1);
  }
  await appending;
  const lineage = await openLineage(fixture.lineages, modelKey);
  expect(lineage.state.head.sequence).toBe(6);
});
