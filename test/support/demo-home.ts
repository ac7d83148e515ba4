import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lenientPolicy } from './lenient-policy.ts';
import { lethe } from './lethe-process.ts';

const demoModel = fileURLToPath(new URL('../../apps/cli/assets/demo-model', import.meta.url));

/** Two steps a round: what matters is the way of a request, not what the model learns. */
const quickLadder = [
  { method: 'lethe', settings: { forgetSteps: 1, repairSteps: 1, stepLimit: 2 } },
];

/** Five samples to a subject. */
export const samplesPerSubject = 5;

/**
 * A home in `folder` with the demo's network registered as `demo`, and what `lethe up` needs to
 * work quickly on it: a ladder of two steps, a policy that lets all pass.
 */
export async function importDemo(folder: string) {
  const home = join(folder, 'home');
  const [ladder, policy] = [join(folder, 'ladder.json'), join(folder, 'policy.yaml')];
  writeFileSync(ladder, JSON.stringify(quickLadder));
  writeFileSync(policy, lenientPolicy);
  const imported = await lethe([
    ...['import', 'demo', '--home', home, '--weights', demoModel, '--backend', 'wasm'],
    ...['--train', 'synthetic:?split=train', '--stop', 'synthetic:?split=test&rows=0-200'],
    ...['--gate', 'synthetic:?split=test&rows=200-600'],
    ...['--subjects-per', String(samplesPerSubject)],
  ]);
  const upOptions = ['--ladder', ladder, '--policy', policy, '--max-wait', '50'];
  return { home, imported, upOptions: [...upOptions, '--backend', 'wasm'] };
}
