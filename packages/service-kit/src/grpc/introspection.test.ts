import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { EvaluatorServiceService, IngestServiceService, LetheError } from '@lethe/contracts';
import { protoPath } from 'grpc-health-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log/log.ts';
import { implementService } from './implement-service.ts';
import { startGrpcServer } from './server.ts';

const reflectionProto = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json')),
  'build/proto/grpc/reflection/v1/reflection.proto',
);

const nothing = async () => {
  throw new LetheError('internal', 'not part of this test');
};
const ingest = implementService(IngestServiceService, {
  submitDeletion: nothing,
  submitDeletions: nothing,
});

const evaluator = implementService(EvaluatorServiceService, {
  evaluate: nothing,
  watchEvaluate: () => {
    throw new LetheError('internal', 'not part of this test');
  },
  getVerdict: nothing,
});

// biome-ignore lint/suspicious/noExplicitAny: clients made from .proto files at run time
type AnyClient = any;

function clientOf(proto: string, path: readonly string[], address: string): Client & AnyClient {
  let found: AnyClient = loadPackageDefinition(loadSync(proto, { longs: String, enums: String }));
  for (const name of path) found = found[name];
  return new found(address, credentials.createInsecure());
}

describe('what a gRPC server says of itself', () => {
  it('is healthy service by service, and as a whole when all are', async () => {
    await using server = await startGrpcServer({
      address: '127.0.0.1:0',
      services: [ingest, evaluator],
      log: silentLog,
    });
    const client = clientOf(protoPath, ['grpc', 'health', 'v1', 'Health'], server.address);
    const check = (service: string) =>
      new Promise((resolve) =>
        client.check({ service }, (error: Error | null, answer: { status: string }) =>
          resolve(error?.message ?? answer.status),
        ),
      );
    expect(await check('')).toBe('SERVING');
    expect(await check('lethe.v1.IngestService')).toBe('SERVING');
    server.setReady('lethe.v1.IngestService', false);
    expect(await check('')).toBe('NOT_SERVING');
    expect(await check('lethe.v1.IngestService')).toBe('NOT_SERVING');
    expect(await check('lethe.v1.EvaluatorService')).toBe('SERVING');
    expect(await check('lethe.v1.Other')).toContain('NOT_FOUND');
    client.close();
  });

  it('tells who watches its health that it closes', async () => {
    const server = await startGrpcServer({
      address: '127.0.0.1:0',
      services: [ingest],
      log: silentLog,
    });
    const client = clientOf(protoPath, ['grpc', 'health', 'v1', 'Health'], server.address);
    const seen: string[] = [];
    const watch = client.watch({ service: 'lethe.v1.IngestService' });
    watch.on('data', ({ status }: { status: string }) => seen.push(status));
    // It ends with the server.
    watch.on('error', () => {});
    await expect.poll(() => seen).toEqual(['SERVING']);
    await server[Symbol.asyncDispose]();
    await expect.poll(() => seen).toEqual(['SERVING', 'NOT_SERVING']);
    client.close();
  });

  it('shows its services and their messages by reflection', async () => {
    expect(readFileSync(reflectionProto, 'utf8')).toContain('service ServerReflection');
    await using server = await startGrpcServer({
      address: '127.0.0.1:0',
      services: [ingest],
      log: silentLog,
    });
    const path = ['grpc', 'reflection', 'v1', 'ServerReflection'];
    const client = clientOf(reflectionProto, path, server.address);
    const ask = (question: object) =>
      new Promise<AnyClient>((resolve, reject) => {
        const call = client.ServerReflectionInfo();
        call.on('data', resolve);
        call.on('error', reject);
        call.write(question);
        call.end();
      });
    const listed = await ask({ listServices: '' });
    const names = listed.listServicesResponse.service.map((each: { name: string }) => each.name);
    expect(names).toEqual(['lethe.v1.IngestService']);
    const file = await ask({ fileContainingSymbol: 'lethe.v1.IngestService' });
    const bytes = Buffer.concat(file.fileDescriptorResponse.fileDescriptorProto);
    expect(bytes.toString('latin1')).toContain('SubmitDeletions');
    client.close();
  });
});
