/** docs/configuration.md, from the tables of settings that the services read. */
import { evaluatorConfigTable } from '@lethe/evaluator';
import { ingestSettings } from '@lethe/ingest';
import { registrySettings } from '@lethe/registry';
import { type ConfigTable, configMarkdown, sharedSettings } from '@lethe/service-kit';
import { unlearnerConfigTable } from '@lethe/unlearner';

const services: readonly (readonly [string, string, ConfigTable])[] = [
  ['Ingest', 'takes deletion requests in.', ingestSettings],
  ['Unlearner', 'makes the rounds.', unlearnerConfigTable],
  ['Evaluator', 'judges candidates.', evaluatorConfigTable],
  ['Registry', 'decides, and says what serves.', registrySettings],
];

export function configurationReference(): string {
  const shared = Object.keys(sharedSettings);
  const own = (table: ConfigTable): ConfigTable =>
    Object.fromEntries(Object.entries(table).filter(([name]) => !shared.includes(name)));
  return [
    '# Configuration',
    '',
    'Made from the tables that the services read, by `npm run generate:docs`. A flag wins over its variable. Everything wrong is told at once at the start, with field, value and remedy; `lethe doctor` tells it beforehand, and finds variables that nothing reads. Secrets are files, never values. `OTEL_*` variables are those of the OpenTelemetry SDK.',
    '',
    'The four services run apart as `node services/NAME/dist/main.js` (`docs/operations.md`, The services apart); `lethe up` runs them together and takes the variables below that are not about bus and store, beside its own options (`docs/cli.md`).',
    '',
    '## Every service',
    '',
    configMarkdown(sharedSettings),
    ...services.flatMap(([name, purpose, table]) => [
      `## ${name}`,
      '',
      `${name} ${purpose}`,
      '',
      configMarkdown(own(table)),
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
