/** Options that several commands have, in one wording. */
import { userInfo } from 'node:os';
import { Option } from 'commander';
import { wholeNumber } from './numbers.ts';

export function storeOption(): Option {
  return new Option(
    '--store <address>',
    'object store to use (default: the one in --home); its keys: see lethe probe --help',
  ).env('LETHE_STORE');
}

export function backendOption(): Option {
  return new Option('--backend <name>', 'compute backend')
    .choices(['auto', 'native', 'webgpu', 'wasm', 'js'])
    .default('auto')
    .env('LETHE_BACKEND');
}

export function keyFolderOption(): Option {
  return new Option('--folder <dir>', 'folder of keys (default: the one in --home)').env(
    'LETHE_KEYS',
  );
}

/** For commands that name one request. */
export function emitterOption(): Option {
  return new Option('--emitter <name>', 'who sent it, where several used the id');
}

/** For commands that ask as an emitter. */
export function ownEmitterOption(): Option {
  return new Option(
    '--emitter <name>',
    'who sent it (default: cli; with a token or certificate, whoever that is)',
  );
}

export function limitOption(rows: number, most = 1000): Option {
  return new Option('--limit <n>', 'most rows').argParser(wholeNumber(1, most)).default(rows);
}

/** Who decides, where calls are not authenticated. */
export function byOption(): Option {
  return new Option('--by <name>', 'who decides, where calls are not authenticated').default(
    userName(),
    'your user name',
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'operator';
  }
}
