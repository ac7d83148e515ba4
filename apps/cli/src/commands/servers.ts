import { ObservedServer } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { shortDigest } from '../output/format.ts';
import { connectRelease } from './running-lethe.ts';

/** Exit code 6 when a server runs something else than what serves, or is not heard of. */
export const run: CommandFunction<object> = async (options, out, modelKey = '') => {
  await using release = connectRelease(options);
  const { servers } = await release.listServers({ modelKey });
  for (const server of servers) out.result(ObservedServer.toJSON(server));
  if (servers.length === 0) out.line('No server has reported what it runs.');
  else {
    out.table(
      [
        { title: 'model' },
        { title: 'server' },
        { title: 'runs' },
        { title: 'generation', align: 'right' },
        { title: 'should be', align: 'right' },
        { title: 'seen' },
        { title: 'state' },
      ],
      servers.map((server) => [
        server.modelKey,
        server.server,
        shortDigest(server.weightsDigest),
        String(server.generation),
        String(server.desiredGeneration),
        server.seenTime?.toISOString() ?? '',
        server.state,
      ]),
    );
  }
  return servers.every(({ state }) => state === 'current') ? exitCodes.ok : exitCodes.refused;
};
