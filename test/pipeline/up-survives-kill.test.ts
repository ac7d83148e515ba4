// Promise P1, embedded: requests stream into `lethe up` while it is killed again and again.
import { randomUUID } from 'node:crypto';

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeletionRequest,
  IngestServiceClient,
  RegistryServiceClient,
  RequestState,
} from '@lethe/contracts';
import { connect } from '@lethe/service-kit';
import { FolderStore } from '@lethe/store';
import { expect, test } from 'vitest';
import { importDemo, samplesPerSubject } from '../support/demo-home.ts';
import { startUp, temporaryFolder, type Up } from '../support/lethe-process.ts';
import { readLineageFacts } from '../support/lineage-facts.ts';

const modelKey = 'demo';
const requestCount = 24;
const kills = Number(process.env['LETHE_TEST_KILLS'] ?? 6);
test('requests accepted while lethe up is killed are each forgotten once', async () => {
  using folder = temporaryFolder();
  const { home, imported, upOptions } = await importDemo(folder.path);
  const upArgs = [...upOptions, '--max-batch', '20'];
  expect(imported.stderr + imported.stdout).toContain('registered');

  const requests = Array.from({ length: requestCount }, (_, index) => request(index + 1));
  const accepted = new Set<string>();
  let up = await startUp(home, upArgs);
  for (let kill = 0; kill < kills; kill++) {
    const share = requests.slice(
      Math.floor((kill * requestCount) / kills),
      Math.floor(((kill + 1) * requestCount) / kills),
    );
    await submit(up, share, accepted);
    await sleep(300 + 450 * kill);
    await up.kill();
    up = await startUp(home, upArgs);
  }
  // Whatever got no receipt is sent again with the same id, as an emitter would.
  await submit(up, requests, accepted);
  expect(accepted.size).toBe(requestCount);
  await untilAllEnded(up, requests);
  expect(await up.stop()).toBe(0);

  await using store = await FolderStore.open(join(home, 'store'));
  const facts = await readLineageFacts(store, modelKey);
  expect(facts.violations).toEqual([]);
  expect([...facts.rowsForgotten.keys()].sort()).toEqual(
    requests.map(({ requestId }) => `test/${requestId}`).sort(),
  );
  for (const rows of facts.rowsForgotten.values()) {
    expect(rows).toHaveLength(samplesPerSubject);
    expect(new Set(rows).size).toBe(samplesPerSubject);
  }
}, 240_000);

function request(subject: number): DeletionRequest {
  return DeletionRequest.fromPartial({
    requestId: randomUUID(),
    emitter: 'test',
    modelKey,
    scope: { kind: { $case: 'subject', value: `subject-${subject}` } },
  });
}

async function submit(
  up: Up,
  requests: readonly DeletionRequest[],
  accepted: Set<string>,
): Promise<void> {
  await using ingest = connect(IngestServiceClient, up.grpc);
  const { results } = await ingest.submitDeletions({ requests: [...requests] });
  for (const { result } of results) {
    if (result?.$case !== 'receipt') throw new Error(`refused: ${result?.value.message}`);
    accepted.add(result.value.requestId);
  }
}

async function untilAllEnded(up: Up, requests: readonly DeletionRequest[]): Promise<void> {
  await using registry = connect(RegistryServiceClient, up.grpc);
  for (const { requestId } of requests) {
    for (;;) {
      const { current } = await registry.getRequest({ requestId, emitter: 'test' });
      if (current?.state === RequestState.REQUEST_STATE_COMPLETED) break;
      if (current?.state === RequestState.REQUEST_STATE_ESCALATED) throw new Error(current.detail);
      await sleep(100);
    }
  }
}
