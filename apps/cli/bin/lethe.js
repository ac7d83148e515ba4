#!/usr/bin/env node
// Lethe needs Node 22. Where another Node runs this file, the pinned one from node_modules takes over.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wantedMajor = 22;
const args = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) === wantedMajor) {
  // Whoever read has gone, as with `| head`: end as programs do then, with 128 + SIGPIPE.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 141 : 1));
  }
  const { main } = await import('../dist/main.js');
  process.exitCode = await main(args);
} else {
  runWithPinnedNode();
}

function runWithPinnedNode() {
  const child = spawn(pinnedNode(), [fileURLToPath(import.meta.url), ...args], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    return join(dirname(manifest), 'bin', 'node');
  } catch {
    process.stderr.write(
      `lethe needs Node ${wantedMajor} and this is Node ${process.versions.node}. Run \`npm ci\`, which brings it.\n`,
    );
    process.exit(1);
  }
}
