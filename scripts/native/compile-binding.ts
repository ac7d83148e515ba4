import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallFailure } from '../install/install-failure.ts';
import { runTool } from '../install/run-tool.ts';

/** Compiles the package's own sources (Node-API 8) against the libraries in its `deps`. */
export async function compileBinding(packageFolder: string, nodeHeaders: string): Promise<void> {
  const output = join(packageFolder, 'lib', 'napi-v8');
  await mkdir(output, { recursive: true });
  const { status, output: messages } = await runTool('g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...['-I', join(packageFolder, 'deps', 'include'), '-I', nodeHeaders],
    join(packageFolder, 'binding', 'tfjs_backend.cc'),
    join(packageFolder, 'binding', 'tfjs_binding.cc'),
    ...['-L', join(packageFolder, 'deps', 'lib')],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ...['-o', join(output, 'tfjs_binding.node')],
  ]);
  if (status === 0) return;
  throw new InstallFailure(
    `the binding does not compile:\n${messages.split('\n').slice(0, 20).join('\n')}`,
    'a g++ of version 9 or later is needed, and its standard library',
  );
}
