import { describe, expect, it } from 'vitest';
import { stuckWork, WorkWatch } from './work-watch.ts';

const afterMs = (ms: number) => performance.now() + ms;

describe('WorkWatch', () => {
  it('is stuck when work has not moved for as long as its limit', () => {
    using watch = new WorkWatch('reading', 10_000);
    watch.begin();
    expect(stuckWork(afterMs(9_000))).toBeUndefined();
    expect(stuckWork(afterMs(11_000))).toBe('reading does not get on: nothing has moved for 11 s');
  });

  it('is never stuck without work', async () => {
    using watch = new WorkWatch('reading', 10_000);
    expect(stuckWork(afterMs(1e9))).toBeUndefined();
    await watch.during(async () => {});
    expect(stuckWork(afterMs(1e9))).toBeUndefined();
  });

  it('counts what moves for all of its work', () => {
    using watch = new WorkWatch('reading', 10_000);
    watch.begin();
    watch.begin();
    watch.end();
    expect(watch.stuck(afterMs(9_000))).toBeUndefined();
    expect(watch.stuck(afterMs(11_000))).toBeDefined();
  });

  it('is forgotten with what it watched', () => {
    const watch = new WorkWatch('reading', 0);
    watch.begin();
    watch[Symbol.dispose]();
    expect(stuckWork(afterMs(1_000))).toBeUndefined();
  });
});
