import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildah } from './engine.ts';

interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly WorkingDir?: string;
}

export interface ProgramInside {
  readonly child: ChildProcess;
  log(): string;
  /** SIGTERM to what runs inside, as the first process of its namespace. */
  stop(): Promise<void>;
  readonly end: Promise<number | null>;
}

/**
 * What a kubelet gives a container: namespaces of its own but for the network, a root that cannot be
 * written, /tmp and one volume, no capability, no new privileges, and the image's environment only.
 */
const asContainer = `
  set -e
  mount --bind "$ROOT" "$ROOT" && mount -o remount,ro,bind "$ROOT"
  mount -t proc proc "$ROOT/proc" && mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev"
  for each in null zero full random urandom; do
    touch "$ROOT/dev/$each" && mount --bind "/dev/$each" "$ROOT/dev/$each"
  done
  ln -s /proc/self/fd "$ROOT/dev/fd"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp" && mount --bind "$STATE" "$ROOT/var/lethe"
  cd "$ROOT" && exec env -i "$@"`;

/** An image, mounted, to look into and to run; with an empty folder for its volume. */
export class MountedImage {
  readonly root: string;
  readonly config: ImageConfig;
  readonly #container: string;

  private constructor(container: string, root: string, config: ImageConfig) {
    this.#container = container;
    this.root = root;
    this.config = config;
  }

  static async open(image: string): Promise<MountedImage> {
    const described = JSON.parse(await buildah('inspect', '--type', 'image', image)) as {
      OCIv1: { config: ImageConfig };
    };
    const container = await buildah('from', '--pull-never', image);
    const root = await buildah('mount', container);
    // The runtime makes the folders of mounts, and a kubelet brings the pod's own names.
    await writeFile(join(root, 'etc/hosts'), '127.0.0.1\tlocalhost\n');
    await mkdir(join(root, 'var/lethe'), { recursive: true });
    return new MountedImage(container, root, described.OCIv1.config);
  }

  run(
    command: readonly string[],
    options: { uid: number; state: string; env?: Readonly<Record<string, string>> },
  ): ProgramInside {
    const { uid, state, env = {} } = options;
    const setpriv = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const child = spawn(
      'unshare',
      [
        ...['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=SIGTERM'],
        ...['sh', '-c', asContainer, 'container'],
        ...this.config.Env,
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        ...['/usr/sbin/chroot', '.'],
        ...[...setpriv, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
        ...['sh', '-c', 'cd "$1" && shift && exec "$@"', 'program'],
        ...[this.config.WorkingDir || '/', ...command],
      ],
      {
        env: { PATH: process.env['PATH'], ROOT: this.root, STATE: state },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let log = '';
    const keep = (chunk: Buffer) => {
      log += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = once(child, 'close').then(([code]) => code as number | null);
    return { child, log: () => log, stop: () => stopInside(child), end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await buildah('umount', this.#container);
    await buildah('rm', this.#container);
  }
}

/** unshare(1) itself ignores the signal while it waits for its child. */
async function stopInside({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const each of children.trim().split(/\s+/).filter(Boolean))
    process.kill(Number(each), 'SIGTERM');
}
