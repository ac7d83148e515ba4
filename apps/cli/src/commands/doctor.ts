import type { BackendPreference } from '@lethe/compute';
import { openStore, readConfig } from '@lethe/service-kit';
import { busSettings, storeSettings } from '@lethe/service-kit/config';
import type { CommandFunction } from '../command-function.ts';
import { checkBackend } from '../doctor/check-backend.ts';
import { checkBus } from '../doctor/check-bus.ts';
import { checkClocks } from '../doctor/check-clocks.ts';
import { checkConfig } from '../doctor/check-config.ts';
import { checkData } from '../doctor/check-data.ts';
import { checkDisk } from '../doctor/check-disk.ts';
import { checkHome } from '../doctor/check-home.ts';
import { checkKeys, checkSharedKeys } from '../doctor/check-keys.ts';
import { checkRunning } from '../doctor/check-running.ts';
import { checkStore } from '../doctor/check-store.ts';
import { checkVersions } from '../doctor/check-versions.ts';
import { type Area, areas, type Check, type Finding, problemsOf } from '../doctor/finding.ts';
import type { Patient } from '../doctor/patient.ts';
import { homeLayout } from '../embedded/home-layout.ts';
import { readConfigOptions } from '../grammar/config-options.ts';
import { exitCodes } from '../output/exit-codes.ts';
import type { Output } from '../output/output.ts';

interface DoctorOptions extends Readonly<Record<string, unknown>> {
  readonly backend: BackendPreference;
  readonly only?: readonly Area[];
}

/** Exit code 6 when something must be mended; every finding is told, also after a failing one. */
export const run: CommandFunction<DoctorOptions> = async (options, out) => {
  const patient = examine(options);
  const keys = process.env['LETHE_KEYS'] || patient.layout.keys;
  const checks: Readonly<Record<Area, Check>> = {
    versions: () => checkVersions(),
    config: () => checkConfig(patient),
    disk: () => checkDisk(patient),
    home: async () => (patient.isEmbedded ? await checkHome(patient) : []),
    keys: () => examineKeys(patient, keys),
    bus: async () => (patient.isEmbedded ? [] : await checkBus(patient)),
    store: () => checkStore(patient),
    clocks: () => checkClocks(patient),
    backend: () => checkBackend(options.backend),
    data: () => checkData(patient),
    running: () => checkRunning(patient),
  };
  let problems = 0;
  for (const area of areas) {
    if (options.only !== undefined && !options.only.includes(area)) continue;
    const findings = await checks[area]().catch((thrown) => problemsOf(area, thrown));
    for (const finding of findings) {
      show(finding, out);
      if (finding.state === 'problem') problems++;
    }
  }
  out.line();
  out.line(problems === 0 ? 'Nothing must be mended.' : `${problems} to mend.`);
  return problems === 0 ? exitCodes.ok : exitCodes.refused;
};

/** @throws LetheError `invalid` when the settings of bus and store cannot be read */
function examine(options: Parameters<typeof run>[0]): Patient {
  const layout = homeLayout(options.home);
  const isNamed = (option: unknown, variable: string) =>
    option !== undefined || (process.env[variable] ?? '') !== '';
  const isEmbedded =
    !isNamed(options['bus'], busSettings.bus.env) &&
    !isNamed(options['store'], storeSettings.store.env);
  const empty = { env: {}, argv: [] };
  return {
    options,
    env: process.env,
    layout,
    isEmbedded,
    bus: isEmbedded ? readConfig(busSettings, empty) : readConfigOptions(busSettings, options),
    store: isEmbedded
      ? { ...readConfig(storeSettings, empty), store: `folder:${layout.store}` }
      : readConfigOptions(storeSettings, options),
  };
}

async function examineKeys(patient: Patient, folder: string): Promise<readonly Finding[]> {
  if (patient.isEmbedded) return await checkKeys(folder, new Date());
  if (!process.env['LETHE_KEYS']) return [];
  const findings = await checkKeys(folder, new Date());
  await using store = await openStore(patient.store);
  return [...findings, ...(await checkSharedKeys(folder, store))];
}

function show(finding: Finding, out: Output): void {
  const { area, state, seen, remedy } = finding;
  const { green, yellow, red } = out.colours;
  const mark = { ok: green('ok     '), note: yellow('note   '), problem: red('problem') }[state];
  out.result(finding);
  out.line(`${mark}  ${area.padEnd(8)}  ${seen}`);
  if (remedy !== '') out.line(`${' '.repeat(19)}→ ${remedy}`);
}
