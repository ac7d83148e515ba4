import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMessageBus } from './bus-contract.ts';
import { SqliteBus } from './sqlite-bus.ts';

describeMessageBus('SqliteBus', {
  pauseMs: 600,
  async setUp() {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-bus-'));
    return {
      open: () =>
        SqliteBus.open({
          file: join(folder, 'bus.db'),
          sessionTimeoutMs: 200,
          pollMs: 20,
          backoff: () => 1,
        }),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  },
});
