import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesProgram, resourceDefinitions } from '../../../scripts/servers/recipe.ts';
import { freePort } from './free-port.ts';
import { type ProgramResult, runProgram } from './run-program.ts';
import { ServerProcess } from './server-process.ts';

/**
 * A real API server of Kubernetes with its store, on free loopback ports in a temporary folder.
 * Admission is as in a cluster, but for service accounts, which nobody makes here. There are no
 * nodes and no controllers: what is applied is checked and kept, and nothing runs.
 */
export class KubernetesApi implements AsyncDisposable {
  readonly #folder: string;
  readonly #servers: readonly ServerProcess[];
  readonly #kubeconfig: string;

  private constructor(folder: string, servers: readonly ServerProcess[], kubeconfig: string) {
    this.#folder = folder;
    this.#servers = servers;
    this.#kubeconfig = kubeconfig;
  }

  static async start(): Promise<KubernetesApi> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-kubernetes-'));
    const servers: ServerProcess[] = [];
    try {
      const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
      servers.push(
        await ServerProcess.start({
          name: 'etcd',
          command: kubernetesProgram('etcd'),
          args: etcdArguments(folder, client, peer),
          folder,
          isReady: (output) => output.includes('ready to serve client requests'),
        }),
      );
      const token = randomBytes(16).toString('hex');
      await writeFile(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`);
      const { privateKey } = generateKeyPairSync('ec', {
        namedCurve: 'P-256',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'sec1', format: 'pem' },
      });
      await writeFile(join(folder, 'service-accounts.key'), privateKey, { mode: 0o600 });
      servers.push(
        await ServerProcess.start({
          name: 'kube-apiserver',
          command: kubernetesProgram('kube-apiserver'),
          args: apiServerArguments(folder, client, port),
          folder,
          isReady: async () => await isReady(port, token),
        }),
      );
      const kubeconfig = join(folder, 'kubeconfig.json');
      const ca = await readFile(join(folder, 'certificates/apiserver.crt'), 'base64');
      await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(port, token, ca)), { mode: 0o600 });
      return new KubernetesApi(folder, servers, kubeconfig);
    } catch (thrown) {
      for (const server of servers.reverse()) await server.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      throw thrown;
    }
  }

  /** Runs kubectl to its end, whatever that is. @param input its stdin: `-f -` */
  async kubectl(args: readonly string[], input: string | object = ''): Promise<ProgramResult> {
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    const cache = join(this.#folder, 'kubectl-cache');
    return await runProgram(
      kubernetesProgram('kubectl'),
      ['--kubeconfig', this.#kubeconfig, '--cache-dir', cache, ...args],
      text,
    );
  }

  /** As {@link KubernetesApi.kubectl}. @throws when it fails, with what it said */
  async must(args: readonly string[], input: string | object = ''): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  }

  /** Adds the resources that other projects define and our manifests use. */
  async addResourceDefinitions(): Promise<void> {
    // One of them is too long for the annotation that a client-side apply writes.
    await this.must(['apply', '--server-side', '-f', resourceDefinitions()]);
    const all = ['crd', '--all', '--timeout=60s'];
    await this.must(['wait', '--for=condition=Established', ...all]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [...this.#servers].reverse()) await server.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function etcdArguments(folder: string, client: number, peer: number): string[] {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  return [
    ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'info'],
    ...['--listen-client-urls', url(client), '--advertise-client-urls', url(client)],
    ...['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)],
    ...['--initial-cluster', `default=${url(peer)}`],
  ];
}

function apiServerArguments(folder: string, etcd: number, port: number): string[] {
  const accounts = join(folder, 'service-accounts.key');
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    ...['--bind-address=127.0.0.1', `--secure-port=${port}`, '--advertise-address=127.0.0.1'],
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    ...['--authorization-mode=RBAC', '--anonymous-auth=false'],
    ...['--service-account-issuer=https://kubernetes.invalid', '--api-audiences=lethe'],
    ...[`--service-account-key-file=${accounts}`, `--service-account-signing-key-file=${accounts}`],
    '--service-cluster-ip-range=10.96.0.0/16',
    ...['--endpoint-reconciler-type=none', '--disable-admission-plugins=ServiceAccount'],
    ...['--profiling=false', '--enable-priority-and-fairness=false'],
  ];
}

function kubeconfigOf(port: number, token: string, ca: string) {
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
}

function isReady(port: number, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/readyz',
      headers: { authorization: `Bearer ${token}` },
      rejectUnauthorized: false,
      timeout: 2_000,
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.end();
  });
}
