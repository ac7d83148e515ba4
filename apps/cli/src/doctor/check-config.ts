import { evaluatorConfigTable } from '@lethe/evaluator';
import { ingestSettings } from '@lethe/ingest';
import { registrySettings } from '@lethe/registry';
import { type ConfigTable, readConfig } from '@lethe/service-kit';
import { unlearnerConfigTable } from '@lethe/unlearner';
import { editDistance } from './edit-distance.ts';
import { type Finding, note, ok, problemsOf } from './finding.ts';
import type { Patient } from './patient.ts';

/** Every table of settings, by who reads it. */
const tables: Readonly<Record<string, ConfigTable>> = {
  ingest: ingestSettings,
  unlearner: unlearnerConfigTable,
  evaluator: evaluatorConfigTable,
  registry: registrySettings,
};

/** Variables that the command line, tests and benches read themselves. */
const otherVariables = new Set([
  'LETHE_HOME',
  'LETHE_ADDRESS',
  'LETHE_TOKEN_FILE',
  'LETHE_TLS_CA',
  'LETHE_TLS_CERT',
  'LETHE_TLS_KEY',
  'LETHE_TRACE_URL',
  'LETHE_DATA_DIR',
  'LETHE_DEBUG',
]);

/** Do the variables of this environment make settings? And which of them does nobody read? */
export async function checkConfig({ env }: Pick<Patient, 'env'>): Promise<readonly Finding[]> {
  const known = new Set(otherVariables);
  const problems = new Map<string, Finding>();
  for (const table of Object.values(tables)) {
    for (const setting of Object.values(table)) known.add(setting.env);
    try {
      readConfig(table, { env, argv: [] });
    } catch (thrown) {
      // Services share most settings: each fault is told once.
      for (const found of problemsOf('config', thrown)) problems.set(found.seen, found);
    }
  }
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('LETHE_') && !name.startsWith('LETHE_TEST_') && !known.has(name),
  );
  const findings = [...problems.values(), ...unknown.map((name) => unread(name, known))];
  if (findings.length > 0) return findings;
  const set = [...known].filter((name) => (env[name] ?? '') !== '').sort();
  return [
    ok(
      'config',
      set.length === 0
        ? 'no variable LETHE_… is set: every setting has its default'
        : `${set.join(', ')} can be used; the other settings have their defaults`,
    ),
  ];
}

function unread(name: string, known: ReadonlySet<string>): Finding {
  const [nearest] = [...known]
    .map((other) => ({ other, distance: editDistance(name, other) }))
    .sort((a, b) => a.distance - b.distance);
  const isNear = nearest !== undefined && nearest.distance <= 3;
  return note(
    'config',
    `${name} is set, and nothing reads it`,
    isNear
      ? `Did you mean ${nearest.other}?`
      : 'Take it away, or see docs/configuration.md for the names.',
  );
}
