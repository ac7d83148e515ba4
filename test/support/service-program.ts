import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Starts a service as it is started alone, in the folder; what it says is kept. */
export function startService(service: string, argv: readonly string[], folder: string) {
  const main = fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...argv], {
    cwd: folder,
  });
  let [log, said] = ['', ''];
  child.stderr.on('data', (text) => {
    log += text;
  });
  child.stdout.on('data', (text) => {
    said += text;
  });
  const end = once(child, 'close').then(([code]) => code as number | null);
  return { child, log: () => log, said: () => said, end };
}

/** Settings that keep the service's own files, whatever its bus and store, in the folder. */
export function ownFiles(service: string, folder: string): readonly string[] {
  const index = { ingest: '--index', registry: '--projection' }[service];
  return [
    ...['--cache', join(folder, 'cache')],
    ...(index === undefined ? [] : [index, join(folder, `${service}.sqlite`)]),
  ];
}
