/**
 * Asks over gRPC that a model forgets a subject, with Lethe's own client, and follows the request.
 *   node grpc.ts ADDRESS MODEL SUBJECT [--follow]
 */
import { randomUUID } from 'node:crypto';
import { DeletionClient } from '@lethe/client';
import { Receipt, Regulation, requestStateToJSON } from '@lethe/contracts';

const [address = '', modelKey = '', subject = '', follow] = process.argv.slice(2);
const token = process.env['LETHE_TOKEN'];
// Where the services run apart, ingest and registry have addresses of their own.
const client = new DeletionClient({
  ingest: address,
  registry: address,
  connection: token === undefined ? {} : { token },
});
try {
  const requestId = randomUUID();
  const receipt = await client.submit({
    requestId,
    emitter: 'shop',
    modelKey,
    scope: { kind: { $case: 'subject', value: subject } },
    regulation: Regulation.REGULATION_GDPR,
    submittedTime: new Date(),
  });
  process.stdout.write(`${JSON.stringify(Receipt.toJSON(receipt))}\n`);
  if (follow === '--follow') {
    for await (const { state } of client.follow({ requestId, emitter: 'shop' })) {
      process.stdout.write(`${requestStateToJSON(state)}\n`);
    }
  }
} finally {
  await client[Symbol.asyncDispose]();
}
