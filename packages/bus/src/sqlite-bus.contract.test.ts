import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMessageBus } from './bus-contract.ts';
import { SqliteBus } from './sqlite-bus.ts';

describeMessageBus('SqliteBus', {
  // Three sessions: a member held for dead would have been replaced. A session is long enough
  // for a machine that is busy with other tests.
  pauseMs: 4500,
  async setUp() {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-bus-'));
    return {
      open: () =>
        SqliteBus.open({
          file: join(folder, 'bus.db'),
          sessionTimeoutMs: 1500,
          pollMs: 20,
          backoff: () => 1,
        }),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  },
});
