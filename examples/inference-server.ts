/**
 * An inference server that always serves what Lethe says: POST /v1/classify with
 * {"samples": [[…], …]} (each row-major, as the data set is read) answers {"classes": [3, …]} and the
 * version that was used. New versions are swapped in while requests run.
 *
 *   node examples/inference-server.ts --registry 127.0.0.1:7401 --store folder:.lethe/store \
 *     --model my-model --folder /tmp/my-model --port 8080
 */
import { createServer, type IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { ServedModel } from '@lethe/client';
import { openBackend } from '@lethe/compute';
import { LetheError } from '@lethe/contracts';
import { loadLayersModel, logits } from '@lethe/models';
import { openStore, readConfig, storeSettings } from '@lethe/service-kit';

const { values } = parseArgs({
  options: {
    registry: { type: 'string', default: '127.0.0.1:7401' },
    store: { type: 'string', default: 'folder:.lethe/store' },
    model: { type: 'string' },
    folder: { type: 'string', default: 'served-model' },
    port: { type: 'string', default: '8080' },
  },
});
if (values.model === undefined) throw new Error('--model KEY is missing');

await openBackend({ prefer: 'auto' });
const environment = { env: { ...process.env, LETHE_STORE: values.store }, argv: [] };
const store = await openStore(readConfig(storeSettings, environment));
const served = await ServedModel.start({
  address: values.registry,
  store,
  modelKey: values.model,
  folder: values.folder,
  server: `${hostname()}:${values.port}`,
  async load({ folder, pointer }) {
    return { classifier: await loadLayersModel(folder), pointer };
  },
  dispose({ classifier }) {
    classifier.model.dispose();
  },
});

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  try {
    if (request.method === 'GET' && request.url === '/readyz') return answer(200, served.state);
    if (request.method !== 'POST' || request.url !== '/v1/classify') return answer(404, {});
    const samples = readSamples(await bodyOf(request));
    answer(200, await served.use((loaded) => classify(loaded, samples)));
  } catch (thrown) {
    const error = LetheError.from(thrown);
    answer(error.code === 'invalid' ? 400 : 500, { error: error.message });
  }
});
server.listen(Number(values.port), '127.0.0.1');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);

type Loaded = Parameters<Parameters<typeof served.use>[0]>[0];

async function classify({ classifier, pointer }: Loaded, samples: readonly number[][]) {
  const scores = await logits(classifier, Float32Array.from(samples.flat()), samples.length);
  const { classCount } = classifier;
  const classes = samples.map((_, at) => {
    const row = scores.subarray(at * classCount, (at + 1) * classCount);
    return row.indexOf(Math.max(...row));
  });
  return { classes, version: pointer.sequence, weights: pointer.weightsDigest };
}

function readSamples(body: string): number[][] {
  try {
    const { samples } = JSON.parse(body) as { samples: number[][] };
    if (samples.every((sample) => sample.every(Number.isFinite))) return samples;
  } catch {
    // Told below, the same for every kind of wrong body.
  }
  const remedy = 'Send {"samples": [[…], …]}.';
  throw LetheError.invalid('samples', '', 'are no lists of numbers', remedy);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function stop(): Promise<void> {
  server.close();
  await served[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
}
