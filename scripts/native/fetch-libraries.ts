import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { type Variant, wheels } from './recipe.ts';

/**
 * Brings libtensorflow (and CUDA) with its C headers from Python wheels into `deps`:
 * `lib`, `include` and, for a GPU, `nvidia`, which is where the library looks for CUDA.
 */
export async function fetchLibraries(variant: Variant, workFolder: string, deps: string) {
  const folder = join(workFolder, 'wheels');
  await mkdir(folder, { recursive: true });
  await download(variant, folder);
  for (const file of await readdir(folder)) {
    if (file.endsWith('.whl')) await unpack(join(folder, file), deps);
  }
  await rm(folder, { recursive: true });
}

/** pip itself compares the checksums. */
async function download(variant: Variant, folder: string): Promise<void> {
  const requirements = join(folder, 'requirements.txt');
  const lines = wheels[variant].map((w) => `${w.name}==${w.version} --hash=sha256:${w.sha256}`);
  await writeFile(requirements, `${lines.join('\n')}\n`);
  const platforms = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64'];
  const { status, output } = await runTool(
    'python3',
    [
      ...['-m', 'pip', '--disable-pip-version-check', 'download'],
      ...['--require-hashes', '--no-deps', '--only-binary=:all:', '--python-version', '3.11'],
      ...platforms.flatMap((platform) => ['--platform', platform]),
      ...['--progress-bar', process.stderr.isTTY ? 'on' : 'off'],
      ...['--dest', folder, '--requirement', requirements],
    ],
    { show: true },
  );
  if (status === 0) return;
  if (/do not match the hashes/i.test(output)) {
    throw new InstallFailure(
      'a downloaded library is not the one this recipe was written for (its checksum differs)',
      'try again; if it stays so, somebody is tampering with the package index you use',
    );
  }
  if (/no space left/i.test(output)) {
    throw new InstallFailure('the disk is full', 'make room, or set XDG_CACHE_HOME and TMPDIR');
  }
  throw new InstallFailure(
    'the libraries cannot be downloaded from the Python package index (see above)',
    'check the network and the settings of pip (index, proxy, certificate), then run this again',
  );
}

/** Python reads wheels of any size without holding them in memory, and is there with pip. */
const unpackScript = `
import os, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
libraries = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
headers = ('c/', 'core/platform/', 'tsl/', 'xla/tsl/')
def target(name):
    if name in libraries: return 'lib/' + os.path.basename(name)
    path = name.removeprefix('tensorflow/include/')
    if path != name and name.endswith('.h'):
        if path.removeprefix('tensorflow/').startswith(headers): return 'include/' + path
    if name.startswith('nvidia/') and '/include/' not in name: return name
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        path = target(name)
        if path is None or name.endswith('/'): continue
        path = os.path.join(deps, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        if '/bin/' in path: os.chmod(path, 0o755)
`;

async function unpack(file: string, deps: string): Promise<void> {
  const { status, output } = await runTool('python3', ['-c', unpackScript, file, deps]);
  if (status !== 0) {
    throw new InstallFailure(`${file} cannot be unpacked:\n${output}`, 'make room on the disk');
  }
}
