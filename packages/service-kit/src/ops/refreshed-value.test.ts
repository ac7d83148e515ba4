import { expect, it } from 'vitest';
import { RefreshedValue } from './refreshed-value.ts';

it('gives the last value at once, and looks again only when somebody asks', async () => {
  let looks = 0;
  const read = async () => ++looks;
  await using value = new RefreshedValue({ initial: 0, read, maxAgeMs: 0 });
  expect(looks).toBe(0);
  expect(value.current).toBe(0);
  await value.refresh();
  expect(value.current).toBe(1);
});

it('looks once, however often it is asked, until the value has grown old', async () => {
  let looks = 0;
  const read = async () => ++looks;
  await using value = new RefreshedValue({ initial: 0, read, maxAgeMs: 3_600_000 });
  for (let scrape = 0; scrape < 10; scrape++) {
    void value.current;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([looks, value.current]).toEqual([1, 1]);
});

it('never looks twice at once, and keeps the last value through trouble', async () => {
  const gate = Promise.withResolvers<void>();
  let looks = 0;
  const read = async () => {
    looks += 1;
    if (looks === 2) throw new Error('the store is away');
    await gate.promise;
    return 7;
  };
  await using value = new RefreshedValue({ initial: 0, read, maxAgeMs: 0 });
  const both = [value.refresh(), value.refresh()];
  gate.resolve();
  await Promise.all(both);
  expect(looks).toBe(1);
  await value.refresh();
  expect([looks, value.current]).toEqual([2, 7]);
});
