import { randomUUID } from 'node:crypto';
import {
  DeletionRequest,
  IngestServiceClient,
  IngestServiceService,
  LetheError,
  RequestState,
} from '@lethe/contracts';
import { verifyEvidence } from '@lethe/evidence';
import { connect, silentLog, startGrpcServer } from '@lethe/service-kit';
import { describe, expect, it } from 'vitest';
import { createIngestService } from '../service.ts';
import { type IntakeHome, openIntakeHome } from '../testing/intake-home.ts';

async function withClient(
  home: IntakeHome,
  work: (
    client: ReturnType<typeof connect<typeof IngestServiceService>>,
    address: string,
  ) => Promise<void>,
): Promise<void> {
  await using service = createIngestService({ ...home, defaultEmitter: 'default', log: silentLog });
  await service.start();
  await using server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: service.grpc,
    log: silentLog,
  });
  await using client = connect(IngestServiceClient, server.address);
  await work(client, server.address);
}

function request(change: object = {}): DeletionRequest {
  return DeletionRequest.fromPartial({
    requestId: randomUUID(),
    modelKey: 'm1',
    scope: { kind: { $case: 'subject', value: 'user-1' } },
    ...change,
  });
}

describe('IngestService', () => {
  it('gives a receipt, with the emitter from the header', async () => {
    await using home = await openIntakeHome();
    await withClient(home, async (client) => {
      const receipt = await client.submitDeletion(request(), {
        headers: { 'x-lethe-emitter': 'shop' },
      });
      expect(receipt).toMatchObject({
        emitter: 'shop',
        state: RequestState.REQUEST_STATE_ACCEPTED,
      });
    });
  });

  it('signs receipts: each single one, and those of a batch together', async () => {
    await using home = await openIntakeHome();
    await withClient(home, async (client) => {
      const check = (envelope: string) =>
        verifyEvidence(Buffer.from(envelope), home.keys.keys(), new Date());
      const single = await client.submitDeletion(request());
      expect(check(single.signedReceipt)).toMatchObject({
        kind: 'valid',
        statement: {
          predicate: {
            receipts: [{ request_id: single.requestId, request_digest: single.requestDigest }],
          },
        },
      });
      expect(single.signedReceipt).not.toContain('user-1');
      const batch = await client.submitDeletions({
        requests: [request(), request(), request({ modelKey: 'ghost' })],
      });
      expect(check(batch.signedReceipts)).toMatchObject({
        kind: 'valid',
        statement: { predicate: { receipts: { length: 2 } } },
      });
    });
  });

  it('answers a batch in order, errors with code and violations', async () => {
    await using home = await openIntakeHome();
    await withClient(home, async (client) => {
      const requests = [request(), request({ scope: undefined }), request({ modelKey: 'ghost' })];
      const { results } = await client.submitDeletions({ requests });
      expect(results.map(({ result }) => result)).toMatchObject([
        { $case: 'receipt', value: { requestId: requests[0]?.requestId } },
        { $case: 'error', value: { code: 3, violations: [{ field: 'scope' }] } },
        { $case: 'error', value: { code: 5, violations: [{ field: 'model_key' }] } },
      ]);
    });
  });

  it('refuses text that is no UTF-8 on the wire', async () => {
    await using home = await openIntakeHome();
    await withClient(home, async (_, address) => {
      const latin1 = {
        ...IngestServiceService,
        submitDeletion: {
          ...IngestServiceService.submitDeletion,
          requestSerialize(value: DeletionRequest): Buffer {
            const bytes = Buffer.from(DeletionRequest.encode(value).finish());
            bytes[bytes.indexOf('user-1')] = 0xff;
            return bytes;
          },
        },
      };
      const LatinClient = Object.assign(class extends IngestServiceClient {}, {
        service: latin1,
        serviceName: 'lethe.v1.IngestService',
      });
      await using client = connect(LatinClient, address);
      const error = LetheError.from(await client.submitDeletion(request()).catch((e) => e));
      expect(error.code).toBe('invalid');
      expect(error.violations).toMatchObject([
        { field: 'scope.subject', description: 'is not valid UTF-8' },
      ]);
    });
  });

  it('refuses a message of 100 MB, stays up, and loses nothing', async () => {
    await using home = await openIntakeHome();
    await withClient(home, async (client) => {
      const large = request({
        scope: { kind: { $case: 'subject', value: 'x'.repeat(100 << 20) } },
      });
      await expect(client.submitDeletion(large)).rejects.toMatchObject({ code: 'capacity' });
      expect(await client.submitDeletion(request())).toMatchObject({ sampleCount: 4 });
    });
  });
});
