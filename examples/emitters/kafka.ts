/**
 * Asks through a topic that a model forgets a subject. npm install kafkajs
 *   node kafka.ts BROKERS MODEL SUBJECT
 */
import { randomUUID } from 'node:crypto';
import { Kafka } from 'kafkajs';

const [brokers = '', modelKey = '', subject = ''] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'shop', brokers: brokers.split(',') });
const producer = kafka.producer({ idempotent: true });
await producer.connect();
try {
  const id = randomUUID();
  await producer.send({
    topic: 'deletion.intake.v1',
    messages: [
      {
        // What order is needed for, for example the model; never a person.
        key: modelKey,
        headers: { 'content-type': 'application/cloudevents+json' },
        value: JSON.stringify({
          specversion: '1.0',
          type: 'lethe.deletion.request.v1',
          source: 'shop',
          id,
          time: new Date().toISOString(),
          data: { model_key: modelKey, scope: { subject }, regulation: 'GDPR' },
        }),
      },
    ],
  });
  // The receipt comes on deletion.receipt.v1.
  process.stdout.write(`${id}\n`);
} finally {
  await producer.disconnect();
}
