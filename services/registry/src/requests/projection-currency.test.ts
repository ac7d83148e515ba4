import type { MessageBus } from '@lethe/bus';
import { DeletionStatus, topics } from '@lethe/contracts';
import { encodeEvent, ManualClock, silentLog, systemClock } from '@lethe/service-kit';
import { expect, it, vi } from 'vitest';
import { openRegistryHome, type RegistryHome } from '../testing/registry-home.ts';
import { projectStatuses } from './project-statuses.ts';
import { ProjectionCurrency } from './projection-currency.ts';
import { RequestProjection } from './request-projection.ts';

const clock = () => new ManualClock(new Date('2026-02-01T00:00:00Z'));

const currencyOf = (
  { bus }: { bus: Pick<MessageBus, 'lag'> },
  projection: RequestProjection,
  time = clock(),
) => new ProjectionCurrency({ bus, projection, clock: time, patienceMs: 0 });

async function publish({ bus }: RegistryHome, count: number): Promise<void> {
  await bus.publish(
    Array.from({ length: count }, (_, at) => {
      const named = { requestId: `r${at}`, emitter: 'shop', modelKey: 'm1' };
      const status = DeletionStatus.fromPartial(named);
      return encodeEvent(topics.deletionStatus, 'm1', DeletionStatus, status);
    }),
  );
}

it('says no until a projection holds what the topic held when it was asked', async () => {
  await using home = await openRegistryHome();
  await home.bus.ensureTopics([topics.deletionStatus]);
  using projection = RequestProjection.open(home.projectionFile);
  const currency = currencyOf(home, projection);
  await publish(home, 3);
  for (let ask = 0; ask < 2; ask++) {
    await expect(currency.require()).rejects.toMatchObject({ code: 'unavailable' });
  }
  await using _following = await projectStatuses(home.bus, projection, {
    clock: clock(),
    log: silentLog,
    onFatal: () => {},
  });
  await vi.waitFor(() => currency.require(), { timeout: 10_000 });
  expect(projection.list({ afterPosition: undefined, limit: 9 })).toHaveLength(3);
});

it('notices a projection that is left behind, at the look after the next', async () => {
  await using home = await openRegistryHome();
  await home.bus.ensureTopics([topics.deletionStatus]);
  using projection = RequestProjection.open(home.projectionFile);
  const time = clock();
  const currency = currencyOf(home, projection, time);
  await currency.require();
  await publish(home, 1);
  time.advance(6_000);
  await currency.require();
  time.advance(6_000);
  await expect(currency.require()).rejects.toMatchObject({ code: 'unavailable' });
});

it('asks the bus once for many who ask at the same time', async () => {
  await using home = await openRegistryHome();
  using projection = RequestProjection.open(home.projectionFile);
  const lag = vi.fn(async () => []);
  const currency = currencyOf({ bus: { lag } }, projection);
  await Promise.all(Array.from({ length: 100 }, () => currency.require()));
  expect(lag).toHaveBeenCalledTimes(1);
  lag.mockRejectedValueOnce(new Error('away'));
  const other = currencyOf({ bus: { lag } }, projection);
  await expect(other.require()).rejects.toThrow('away');
  await other.require();
});

it('waits a moment for what was just published', async () => {
  await using home = await openRegistryHome();
  await home.bus.ensureTopics([topics.deletionStatus]);
  using projection = RequestProjection.open(home.projectionFile);
  const currency = new ProjectionCurrency({ bus: home.bus, projection, clock: systemClock });
  await publish(home, 1);
  const asked = currency.require();
  await using _following = await projectStatuses(home.bus, projection, {
    clock: systemClock,
    log: silentLog,
    onFatal: () => {},
  });
  await asked;
});
