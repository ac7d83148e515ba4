import { ReportServingRequest, sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { openRegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { ObservedServers } from './observed-servers.ts';

const weights = (sequence: number) => sha256(`weights ${sequence}`);

function report(server: string, sequence: number): ReportServingRequest {
  return ReportServingRequest.fromPartial({
    ...{ modelKey: 'm1', server, weightsDigest: weights(sequence), generation: sequence + 1 },
  });
}

describe('servers that report what they run', () => {
  it('are current, behind after the next promotion, silent after a minute, and forgotten', async () => {
    await using home = await openRegistryHome();
    const parts = registryParts(home);
    const { board, clock } = parts;
    const servers = new ObservedServers(board, clock);
    await parts.settle({ sequence: 1 });
    servers.report(report('pod-1', 1));
    servers.report(report('pod-2', 1));
    const states = async (modelKey = '') =>
      (await servers.list(modelKey)).map(({ server, state }) => `${server} ${state}`);
    expect(await states()).toEqual(['pod-1 current', 'pod-2 current']);
    await parts.settle({ sequence: 2, parent: 1 });
    servers.report(report('pod-1', 2));
    servers.report(report('pod-2', 1));
    expect(await states('m1')).toEqual(['pod-1 current', 'pod-2 behind']);
    expect((await servers.list('m1'))[1]).toMatchObject({
      ...{ weightsDigest: weights(1), generation: 2, desiredGeneration: 3 },
    });
    expect(await states('m2')).toEqual([]);
    clock.advance(60_001);
    servers.report(report('pod-1', 2));
    expect(await states()).toEqual(['pod-1 current', 'pod-2 silent']);
    clock.advance(24 * 60 * 60 * 1000);
    servers.report(report('pod-1', 2));
    expect(await states()).toEqual(['pod-1 current']);
  });

  it('are refused under no name, and beyond what is kept', async () => {
    await using home = await openRegistryHome();
    const { board, clock } = registryParts(home);
    const servers = new ObservedServers(board, clock);
    expect(() => servers.report(report('<b>pod', 1))).toThrow(/server = "<b>pod": is no name/);
    for (let pod = 0; pod < 10_000; pod++) servers.report(report(`pod-${pod}`, 1));
    expect(() => servers.report(report('pod-x', 1))).toThrow(/more than 10000 servers/);
    servers.report(report('pod-7', 1));
  });
});
