import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deployFolder, readManifests } from '../deploy/manifest-files.ts';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

/** The rules as Prometheus reads them: what the PrometheusRule wraps. */
export async function readRuleFile(): Promise<{
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
}> {
  const [rule, ...others] = (await readManifests('overlays/prod')).filter(
    ({ kind }) => kind === 'PrometheusRule',
  );
  if (rule === undefined || others.length > 0)
    throw new Error('there should be one PrometheusRule');
  return rule.body.spec;
}

export async function readAlerts(): Promise<readonly Alert[]> {
  return (await readRuleFile()).groups.flatMap(({ rules }) => rules);
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every query of the dashboard, its variables replaced as by somebody who chose everything. */
export async function readDashboard(): Promise<
  readonly { readonly title: string; readonly expr: string }[]
> {
  const file = join(deployFolder, 'overlays/prod/dashboards/lethe.json');
  const { panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: readonly Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr
        .replaceAll('$__rate_interval', '1m')
        .replaceAll('$model', '.*')
        .replaceAll('$namespace', '.*'),
    })),
  );
}
