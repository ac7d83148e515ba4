import { allTopics } from '@lethe/contracts';
import { openKafkaBus } from '@lethe/service-kit';
import { type Finding, ok, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** Do the brokers answer, and are the topics as they must be? Changes nothing. */
export async function checkBus({ bus: config }: Pick<Patient, 'bus'>): Promise<Finding[]> {
  if (!config.bus.startsWith('kafka:')) {
    return [ok('bus', `${config.bus}: a file of this machine; see home`)];
  }
  await using bus = await openKafkaBus(config);
  const states = await bus.applyTopics(allTopics, { dryRun: true });
  const findings = states.flatMap((state): Finding[] => {
    const { name } = state.plan;
    switch (state.kind) {
      case 'missing':
        return [problem('bus', `topic ${name} is missing`, 'Run: lethe topics apply')];
      case 'drifted':
        return state.drift.map(({ setting, wanted, found, remedy }) =>
          problem('bus', `topic ${name}: ${setting} is ${found}, wanted ${wanted}`, remedy),
        );
      case 'as-wanted':
      case 'created':
        return [];
      default:
        return state satisfies never;
    }
  });
  return [
    ok('bus', `the brokers at ${config.bus.slice('kafka:'.length)} answer`),
    ...(findings.length > 0 ? findings : [ok('bus', `${states.length} topics are as wanted`)]),
  ];
}
