import { parseArgs } from 'node:util';
import { InstallFailure } from './install/install-failure.ts';
import { installKafka } from './servers/install-kafka.ts';
import { installMinio } from './servers/install-minio.ts';
import { type Server, servers } from './servers/recipe.ts';

const help = `npm run servers:install [kafka] [minio] [-- --force]

Gets the real servers that integration tests run against: a Kafka broker (Maven, 43 MB, 20 s)
and a MinIO server (a Go module, compiled: 5 to 7 minutes on two cores). Default: both.

  --force    fetch and build again even if the cache has it

They lie in \${XDG_CACHE_HOME:-~/.cache}/lethe/servers by version and serve every checkout; a second
run takes a second and checks the checksums.
Needs java 17 or later with mvn for Kafka, go for MinIO, and the Maven and Go module registries.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, force: { type: 'boolean' } },
  });
  if (values.help) return console.log(help);
  for (const server of parseServers(positionals)) {
    const install = server === 'kafka' ? installKafka : installMinio;
    await install(say, values.force ?? false);
  }
}

function parseServers(names: readonly string[]): readonly Server[] {
  const unknown = names.find((name) => !servers.includes(name as Server));
  if (unknown !== undefined) {
    throw new InstallFailure(`"${unknown}" is no server`, `use ${servers.join(' or ')}`);
  }
  return names.length === 0 ? servers : servers.filter((server) => names.includes(server));
}

const start = performance.now();

function say(line: string): void {
  console.error(`[${((performance.now() - start) / 1000).toFixed(0).padStart(3)} s] ${line}`);
}

try {
  await main();
} catch (thrown) {
  process.exitCode = 1;
  if (thrown instanceof InstallFailure) {
    console.error(`servers:install failed: ${thrown.message}\nRemedy: ${thrown.remedy}`);
  } else if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') {
    console.error(
      'servers:install failed: the disk is full\nRemedy: make room, or set XDG_CACHE_HOME',
    );
  } else {
    console.error(
      `servers:install failed: ${thrown instanceof Error ? thrown.message : thrown}\nRemedy: see npm run servers:install -- --help`,
    );
  }
}
