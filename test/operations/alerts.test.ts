import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prometheusProgram } from '../../scripts/servers/recipe.ts';
import { readAlerts, readRuleFile } from '../support/operations/read-monitoring.ts';
import { alertCases, type Series } from './alert-cases.ts';

/** Real promtool, on the rules as they are shipped. YAML reads JSON. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-alerts-'));
  await writeFile(join(folder, 'rules.yaml'), JSON.stringify(await readRuleFile()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function promtool(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(prometheusProgram('promtool'), args, {
    cwd: folder,
  });
  return stdout;
}

function seriesOf(series: Series) {
  return Object.entries(series).map(([name, values]) => ({ series: name, values }));
}

it('the rules are sound', async () => {
  expect(await promtool('check', 'rules', 'rules.yaml')).toContain(
    `SUCCESS: ${alertCases.length} rules found`,
  );
});

describe.each(alertCases)('$alert', ({ alert, fires, silent }) => {
  it('fires from the minute on in which it should, in words that help, and only then', async () => {
    const rule = (await readAlerts()).find((each) => each.alert === alert)!;
    const expected = {
      exp_labels: { severity: rule.labels['severity'], ...fires.labels },
      exp_annotations: { summary: fires.says, runbook_url: rule.annotations.runbook_url },
    };
    const test = (series: Series, at: string, alerts: readonly object[]) => ({
      interval: '1m',
      input_series: seriesOf(series),
      alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: alerts }],
    });
    const cases = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: [
        test(fires.series, `${fires.fromMinute - 1}m`, []),
        test(fires.series, `${fires.fromMinute}m`, [expected]),
        test(silent.series, silent.at, []),
      ],
    };
    const file = `${alert}.yaml`;
    await writeFile(join(folder, file), JSON.stringify(cases));
    const output = await promtool('test', 'rules', file).catch(
      (thrown: { stdout: string; stderr: string }) => thrown.stdout + thrown.stderr,
    );
    expect(output).toContain('SUCCESS');
  });
});
