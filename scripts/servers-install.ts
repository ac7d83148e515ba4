import { parseArgs } from 'node:util';
import { InstallFailure } from './install/install-failure.ts';
import { runInstall, say } from './install/run-install.ts';
import { installCrds } from './servers/install-crds.ts';
import { installJaeger } from './servers/install-jaeger.ts';
import { installKafka } from './servers/install-kafka.ts';
import { installKubernetes } from './servers/install-kubernetes.ts';
import { installMinio } from './servers/install-minio.ts';
import { installPrometheus } from './servers/install-prometheus.ts';
import { type Server, servers } from './servers/recipe.ts';

type Install = (say: (line: string) => void, force: boolean) => Promise<void>;

/** What each is, where it comes from and what it costs, for `--help`; and how it is got. */
const recipes: Readonly<Record<Server, readonly [about: string, install: Install]>> = {
  kafka: ['a Kafka broker: Maven, 43 MB, 20 s', installKafka],
  minio: ['an S3 store: a Go module, compiled in 5 to 7 minutes on two cores', installMinio],
  kubernetes: [
    'kube-apiserver, etcd, kubectl and kustomize: Go modules, 5 to 8 minutes',
    installKubernetes,
  ],
  jaeger: ['Jaeger, for traces: a Go module, 7 to 9 minutes', installJaeger],
  prometheus: ['Prometheus and promtool: Go modules, 3 to 4 minutes', installPrometheus],
  crds: [
    'resource definitions of Strimzi, KEDA, cert-manager …: Go modules, Maven, 1 minute',
    installCrds,
  ],
};

const help = `npm run servers:install [SERVER …] [-- --force]

Gets the real servers that tests run against; all of them, unless some are named:

${servers.map((server) => `  ${server.padEnd(12)} ${recipes[server][0]}`).join('\n')}

  --force      fetch and build again even if the cache has it

They lie in \${XDG_CACHE_HOME:-~/.cache}/lethe/servers by version and serve every checkout; a second
run takes a second and checks the checksums. One that was broken off goes on where it was.
Needs java 17 or later with mvn, go, and the Maven and Go module registries; for crds, where java is
older than 21, also python3 with pip.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, force: { type: 'boolean' } },
  });
  if (values.help) return console.log(help);
  for (const server of parseServers(positionals)) {
    const [, install] = recipes[server];
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
