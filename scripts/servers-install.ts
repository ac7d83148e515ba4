import { parseArgs } from 'node:util';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall, say } from './install/run-install.ts';
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

await runInstall('servers:install', main);
