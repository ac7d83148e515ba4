import { ListDeadLettersRequest } from '@lethe/contracts';
import { addressOf, connectDeadLetters, connectRegistry } from '../commands/running-lethe.ts';
import { readRuntime } from '../embedded/runtime-file.ts';
import { counted } from '../output/format.ts';
import { type Finding, note, ok } from './finding.ts';
import type { Patient } from './patient.ts';

/** Does a running Lethe answer, and does anything in it wait for people? */
export async function checkRunning({ options, layout }: Patient): Promise<Finding[]> {
  if (options.address === undefined && readRuntime(layout.root) === undefined) {
    return [ok('running', `nothing runs in ${layout.root}; lethe up starts it`)];
  }
  await using registry = connectRegistry(options);
  const { models } = await registry.listModels({});
  const open = models.reduce((sum, { openRequestCount }) => sum + openRequestCount, 0);
  const findings = [
    ok(
      'running',
      `${addressOf(options)} answers: ${counted(models.length, 'model')}, ${counted(open, 'open request')}`,
    ),
  ];
  for (const { registration, escalatedRequestCount } of models) {
    if (escalatedRequestCount === 0) continue;
    const { modelKey = '' } = registration ?? {};
    const seen = `${modelKey}: ${counted(escalatedRequestCount, 'request')} escalated`;
    findings.push(
      note('running', seen, `Retrain it; see lethe status --model ${modelKey} --state escalated`),
    );
  }
  await using letters = connectDeadLetters(options);
  const request = { ...ListDeadLettersRequest.fromPartial({}), limit: 1 };
  const { openCount } = await letters.listDeadLetters(request);
  if (openCount > 0) {
    findings.push(
      note('running', `${openCount} dead letters wait for a decision`, 'See: lethe dlq list'),
    );
  }
  return findings;
}
