import { LetheError } from '@lethe/contracts';
import {
  ChangingFiles,
  type ConfigOf,
  defineConfig,
  legalClockSettings,
  sharedSettings,
} from '@lethe/service-kit';
import { readCallbackTargets } from './callbacks/callback-targets.ts';
import type { CallbackSettings } from './callbacks/deliver.ts';
import type { ConsoleOptions } from './console/serve-console.ts';
import type { Retention } from './maintenance.ts';

export const registrySettings = defineConfig({
  ...sharedSettings,
  ...legalClockSettings,
  projection: {
    env: 'LETHE_REGISTRY_PROJECTION',
    flag: 'projection',
    type: 'string',
    default: 'lethe-home/registry.sqlite',
    help: 'SQLite file with the state of every request, made anew from the bus when missing; the dead letters lie in a second one beside it.',
  },
  keys: {
    env: 'LETHE_KEYS',
    flag: 'keys',
    type: 'string',
    default: 'lethe-home/keys',
    help: 'Folder of the keys that sign evidence; a first key is made when there is none.',
  },
  keepWeightsHours: {
    env: 'LETHE_KEEP_WEIGHTS_HOURS',
    flag: 'keep-weights-hours',
    type: 'number',
    default: 168,
    range: [0, 87_600],
    unit: 'hours',
    help: 'How long superseded and refused weights are kept for a rollback before they are purged.',
  },
  keepOrphansHours: {
    env: 'LETHE_KEEP_ORPHANS_HOURS',
    flag: 'keep-orphans-hours',
    type: 'number',
    default: 48,
    range: [24, 87_600],
    unit: 'hours',
    help: 'Age at which blobs that no record names are deleted; longer than any round takes.',
  },
  keepAuditLogDays: {
    env: 'LETHE_KEEP_AUDIT_LOG_DAYS',
    flag: 'keep-audit-log-days',
    type: 'integer',
    default: 731,
    range: [1, 36_500],
    unit: 'days',
    help: 'How long audit entries are kept.',
  },
  sweepMinutes: {
    env: 'LETHE_SWEEP_MINUTES',
    flag: 'sweep-minutes',
    type: 'number',
    default: 60,
    range: [0.01, 1_440],
    unit: 'minutes',
    help: 'Time between two looks at what is due to be purged.',
  },
  callbacks: {
    env: 'LETHE_CALLBACKS_FILE',
    flag: 'callbacks',
    type: 'string',
    default: '',
    help: 'JSON file { "callbacks": [{ "emitter", "url" }, …] } of where emitters hear of their requests; read again when it changes. Without it nobody is called.',
  },
  callbackGiveUpHours: {
    env: 'LETHE_CALLBACK_GIVE_UP_HOURS',
    flag: 'callback-give-up-hours',
    type: 'number',
    default: 168,
    range: [0.01, 8_760],
    unit: 'hours',
    help: 'How long a callback that fails is tried again before it is given up, listed as failed, and waits for a replay.',
  },
  fourEyes: {
    env: 'LETHE_FOUR_EYES',
    flag: 'four-eyes',
    type: 'boolean',
    default: false,
    help: 'A rollback needs a second person who approves it.',
  },
  consoleAddress: {
    env: 'LETHE_CONSOLE_ADDRESS',
    flag: 'console-address',
    type: 'string',
    default: '',
    help: 'HOST:PORT to serve the console on, the pages for people; port 0 takes a free one. Empty: not served.',
  },
  consoleSessionHours: {
    env: 'LETHE_CONSOLE_SESSION_HOURS',
    flag: 'console-session-hours',
    type: 'number',
    default: 12,
    range: [0.01, 168],
    unit: 'hours',
    help: 'How long somebody who signed in to the console stays so.',
  },
  traceUrl: {
    env: 'LETHE_TRACE_URL',
    flag: 'trace-url',
    type: 'string',
    default: '',
    help: 'Address of a trace, for links from the console, with {trace_id} in it: https://jaeger.example/trace/{trace_id}. Empty: no links.',
  },
});

const hourMs = 3_600_000;

/** What the settings say about how long things are kept. */
export function retentionOf(config: RegistryConfig): Retention {
  return {
    weightsMs: config.keepWeightsHours * hourMs,
    orphansMs: config.keepOrphansHours * hourMs,
    auditLogMs: config.keepAuditLogDays * 24 * hourMs,
    everyMs: config.sweepMinutes * 60_000,
  };
}

/** Whom the registry calls; nobody when no file is named. @throws LetheError of the file */
export async function callbacksOf(config: RegistryConfig): Promise<CallbackSettings | undefined> {
  if (config.callbacks === '') return undefined;
  const read = (text = '') => readCallbackTargets(text);
  const setting = registrySettings.callbacks.env;
  const targets = await ChangingFiles.read([config.callbacks], read, [setting]);
  const giveUpMs = config.callbackGiveUpHours * hourMs;
  return { targets: () => targets.current(), giveUpMs };
}

/**
 * The console as the settings want it, at `address` where that is given; `undefined`: not at all.
 *
 * @throws LetheError `invalid` naming the setting
 */
export function consoleOf(
  { consoleAddress, consoleSessionHours, traceUrl }: RegistryConfig,
  address = consoleAddress,
): ConsoleOptions | undefined {
  if (traceUrl !== '' && !/^https?:\/\/[^\s"]*\{trace_id\}/.test(traceUrl)) {
    const remedy = 'Write one like https://jaeger.example/trace/{trace_id}.';
    const { env } = registrySettings.traceUrl;
    throw LetheError.invalid(env, traceUrl, 'is no address with {trace_id} in it', remedy);
  }
  if (address === '') return undefined;
  return { address, sessionMs: consoleSessionHours * hourMs, traceUrl };
}

export type RegistryConfig = ConfigOf<typeof registrySettings>;
