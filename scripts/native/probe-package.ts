import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';
import { checkout } from './recipe.ts';

/** A gradient whose value is known: a kernel of ones moves over ones. */
const probe = `
const tf = require(process.argv[1]);
const gradient = tf.grad((kernel) => tf.conv2d(tf.ones([1, 4, 4, 1]), kernel, 1, 'same').sum());
const sum = gradient(tf.ones([3, 3, 1, 1])).sum().dataSync()[0];
const { isUsingGpuDevice, binding } = tf.backend();
console.log(JSON.stringify({ sum, gpu: isUsingGpuDevice, version: binding.TF_Version }));
`;

/** Loads the package in a process of its own and computes with it. @returns one line about it */
export async function probePackage(packageName: string): Promise<string> {
  const { status, stdout, output } = await runTool(process.execPath, ['-e', probe, packageName], {
    cwd: checkout,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || !line.startsWith('{')) {
    throw new InstallFailure(
      `${packageName} is installed but does not run:\n${output.slice(-2000)}`,
      'run this again with --force; the WebAssembly backend is used meanwhile',
    );
  }
  const { sum, gpu, version } = JSON.parse(line) as { sum: number; gpu: boolean; version: string };
  if (sum !== 100) {
    throw new InstallFailure(
      `${packageName} computes a wrong gradient (${sum} instead of 100)`,
      'do not use it on this machine: delete that folder',
    );
  }
  return `libtensorflow ${version}, ${gpu ? 'GPU' : 'CPU'}`;
}
