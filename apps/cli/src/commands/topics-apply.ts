import type { TopicState } from '@lethe/bus';
import { allTopics } from '@lethe/contracts';
import { busSettings, openKafkaBus } from '@lethe/service-kit';
import type { CommandFunction } from '../command-function.ts';
import { readConfigOptions } from '../grammar/config-options.ts';
import { exitCodes } from '../output/exit-codes.ts';
import type { Output } from '../output/output.ts';

interface TopicsApplyOptions extends Readonly<Record<string, unknown>> {
  readonly check?: boolean;
}

const stateNames = {
  missing: 'missing',
  created: 'created',
  'as-wanted': 'as wanted',
  drifted: 'differs',
} as const satisfies Record<TopicState['kind'], string>;

export const run: CommandFunction<TopicsApplyOptions> = async (options, out) => {
  await using bus = await openKafkaBus(readConfigOptions(busSettings, options));
  const states = await bus.applyTopics(allTopics, { dryRun: options.check === true });
  for (const state of states) out.result(toJson(state));
  show(states, out);
  const isAsWanted = states.every(({ kind }) => kind === 'as-wanted' || kind === 'created');
  return isAsWanted ? exitCodes.ok : exitCodes.refused;
};

function toJson(state: TopicState): object {
  return {
    topic: state.plan.name,
    state: state.kind,
    partitions: state.plan.partitions,
    replicationFactor: state.plan.replicationFactor,
    config: state.plan.config,
    drift: state.kind === 'drifted' ? state.drift : [],
  };
}

function show(states: readonly TopicState[], out: Output): void {
  out.table(
    [
      { title: 'topic' },
      { title: 'state' },
      { title: 'partitions', align: 'right' },
      { title: 'replicas', align: 'right' },
      { title: 'min in sync', align: 'right' },
      { title: 'retention', align: 'right' },
    ],
    states.map(({ kind, plan }) => [
      plan.name,
      stateNames[kind],
      String(plan.partitions),
      String(plan.replicationFactor),
      plan.config['min.insync.replicas'] ?? '',
      `${Number(plan.config['retention.ms']) / 86_400_000} days`,
    ]),
  );
  for (const state of states) {
    if (state.kind !== 'drifted') continue;
    for (const { setting, wanted, found, remedy } of state.drift) {
      out.line(`${state.plan.name}: ${setting} is ${found}, wanted ${wanted}. ${remedy}`);
    }
  }
}
