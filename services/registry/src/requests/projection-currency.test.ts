import type { PartitionLag } from '@lethe/bus';
import { DeletionStatus, topics } from '@lethe/contracts';
import { encodeEvent, silentLog, systemClock } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { describe, expect, it, vi } from 'vitest';
import { openRegistryHome } from '../testing/registry-home.ts';
import { projectStatuses } from './project-statuses.ts';
import { ProjectionCurrency } from './projection-currency.ts';
import { RequestProjection } from './request-projection.ts';

const now = new Date('2026-02-01T00:00:00Z');

/** Of a topic with two partitions, with so many offsets left in the second. */
function currencyOf(left = 0n) {
  using projection = RequestProjection.open(':memory:');
  const clock = new ManualClock(now);
  const { name } = topics.deletionStatus;
  const place = { topic: name, committed: 0n };
  const lag = vi.fn(
    async (): Promise<PartitionLag[]> => [
      { ...place, partition: 0, end: 0n, lag: 0n },
      { ...place, partition: 1, end: left, lag: left },
    ],
  );
  const currency = new ProjectionCurrency({ bus: { lag }, projection, clock, patienceMs: 0 });
  return { currency, clock, lag };
}

it('says no until all that was published before is applied', async () => {
  await using home = await openRegistryHome();
  const { bus, projectionFile } = home;
  await bus.ensureTopics([topics.deletionStatus]);
  await bus.publish(
    Array.from({ length: 3 }, (_, at) => {
      const status = DeletionStatus.fromPartial({
        ...{ requestId: `r${at}`, emitter: 'shop', modelKey: `m${at}` },
      });
      return encodeEvent(topics.deletionStatus, status.modelKey, DeletionStatus, status);
    }),
  );
  using projection = RequestProjection.open(projectionFile);
  const given = { bus, projection, clock: systemClock };
  const impatient = new ProjectionCurrency({ ...given, patienceMs: 0 });
  await expect(impatient.require()).rejects.toMatchObject({ code: 'unavailable' });
  const currency = new ProjectionCurrency({ ...given, patienceMs: 60_000 });
  await using _following = await projectStatuses(bus, projection, {
    currency,
    clock: systemClock,
    log: silentLog,
    onFatal: () => {},
  });
  await currency.require();
  expect(projection.list({ afterPosition: undefined, limit: 9 })).toHaveLength(3);
});

describe('a projection is current', () => {
  it('when every partition was read to its end, and not while one is silent or taken away', async () => {
    const { currency, clock } = currencyOf();
    const first = currency.follow(0);
    first.read(undefined);
    expect(await currency.isCurrent()).toBe(false);
    const second = currency.follow(1);
    second.read(now.getTime() - 1);
    expect(await currency.isCurrent()).toBe(false);
    second.read(undefined);
    expect(await currency.isCurrent()).toBe(true);
    clock.advance(40_000);
    first.read(undefined);
    expect(await currency.isCurrent()).toBe(false);
    second.read(undefined);
    expect(await currency.isCurrent()).toBe(true);
    second[Symbol.dispose]();
    expect(await currency.isCurrent()).toBe(false);
    currency.follow(1);
    expect(await currency.isCurrent()).toBe(false);
  });

  it('although there is always something to read, once that was written since', async () => {
    const { currency } = currencyOf();
    for (const partition of [0, 1]) currency.follow(partition).read(now.getTime() + 1);
    expect(await currency.isCurrent()).toBe(true);
  });

  it('not where a read gives nothing, though much is left: the broker is slow', async () => {
    for (const [left, isCurrent] of [
      [5_000n, false],
      [2n, true],
    ] as const) {
      const { currency } = currencyOf(left);
      for (const partition of [0, 1]) currency.follow(partition).read(undefined);
      expect(await currency.isCurrent()).toBe(isCurrent);
    }
  });

  it('for many who ask at once with one question to the bus, which may fail', async () => {
    const { currency, lag } = currencyOf();
    for (const partition of [0, 1]) currency.follow(partition).read(undefined);
    lag.mockRejectedValueOnce(new Error('away'));
    await expect(currency.require()).rejects.toThrow('away');
    await Promise.all(Array.from({ length: 100 }, () => currency.require()));
    expect(lag).toHaveBeenCalledTimes(2);
  });
});
