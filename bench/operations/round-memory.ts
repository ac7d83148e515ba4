import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  lethe,
  operatorsOf,
  requestDeletion,
  startUp,
  temporaryFolder,
} from '../../test/support/lethe-process.ts';

export interface RoundMemory {
  readonly backend: string;
  /** What computed, in the service's own words. */
  readonly computed: string;
  /** Most resident memory of the compute process in the round and the evaluation, in MiB. */
  readonly unlearnerMiB: number;
  readonly evaluatorMiB: number;
  /** All services in one process beside them. */
  readonly servicesMiB: number;
}

const mebibyte = 2 ** 20;

/**
 * One round of 32 samples with the default settings and its evaluation: ResNet-20 on CIFAR-10, in
 * `lethe up`. What the metrics say, asked five times a second.
 */
export async function measureRoundMemory(backend: string, dataDir: string): Promise<RoundMemory> {
  const folder = temporaryFolder();
  try {
    return await measureIn(join(folder.path, 'home'), backend, dataDir);
  } finally {
    folder[Symbol.dispose]();
  }
}

async function measureIn(home: string, backend: string, dataDir: string): Promise<RoundMemory> {
  const cifar = (query: string) =>
    `cifar10-binary:${join(dataDir, 'cifar-10-batches-bin')}?${query}`;
  const imported = await lethe([
    ...['import', 'resnet20', '--home', home, '--backend', backend],
    ...['--weights', join(dataDir, 'weights/resnet20-12fca82f.th')],
    ...['--train', cifar('split=train'), '--stop', cifar('split=test&rows=0-1000')],
    ...['--gate', cifar('split=test&rows=1000-6000'), '--subjects-per', '32'],
    '--leave-out-duplicates',
  ]);
  if (imported.code !== 0) throw new Error(imported.stderr);
  const up = await startUp(home, ['--backend', backend, '--ops-address', '127.0.0.1:0']);
  try {
    const metricsOf = `http://${await operatorsOf(up)}/metrics`;
    const sent = await requestDeletion(up, 'resnet20');
    if (sent.status !== 202) throw new Error(await sent.text());
    const most = { unlearner: 0, evaluator: 0, services: 0 };
    let metrics = '';
    while (!/^lethe_verdicts_total\{.*\} [1-9]/m.test(metrics)) {
      metrics = await (await fetch(metricsOf)).text();
      const bytesOf = (series: RegExp) => Number(series.exec(metrics)?.[1] ?? 0);
      const workers = (stage: string) =>
        bytesOf(new RegExp(`^lethe_worker_memory\\{.*stage="${stage}".*\\} (\\S+)`, 'm'));
      most.unlearner = Math.max(most.unlearner, workers('unlearner'));
      most.evaluator = Math.max(most.evaluator, workers('evaluator'));
      most.services = Math.max(most.services, bytesOf(/^process_memory_usage (\S+)/m));
      await sleep(200);
    }
    const computed = /"backend":"([^"]+)"/.exec(up.log())?.[1] ?? backend;
    return {
      backend,
      computed,
      unlearnerMiB: most.unlearner / mebibyte,
      evaluatorMiB: most.evaluator / mebibyte,
      servicesMiB: most.services / mebibyte,
    };
  } finally {
    await up.stop();
  }
}
