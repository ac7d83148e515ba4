import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TracingSubject } from './tracing-overhead.ts';
import type { FromRun, ToRun } from './tracing-world.ts';

/** All of Lethe in one process (tracing-run.ts), on files. */
export async function tracingEmbedded(
  env: Readonly<Record<string, string>>,
): Promise<TracingSubject> {
  const program = fileURLToPath(new URL('./tracing-run.ts', import.meta.url));
  const child = fork(program, [], {
    env: { ...process.env, ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exited = once(child, 'exit');
  const tell = (message: ToRun) => void child.send(message);
  const hear = async <Kind extends FromRun['kind']>(kind: Kind) => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => {
        throw new Error(`the run ended with ${code}`);
      }),
    ])) as [FromRun];
    if (message.kind !== kind) throw new Error(`${message.kind} instead of ${kind}`);
    return message as Extract<FromRun, { kind: Kind }>;
  };
  const { url } = await hear('ready');
  return {
    ingestUrl: url,
    async begin(count) {
      const begun = hear('begun');
      tell({ kind: 'begin', count });
      await begun;
      const completed = hear('completed').then(({ seconds, cpuSeconds, rounds }) => ({
        seconds,
        cpuSeconds,
        rounds,
      }));
      return { completed };
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
