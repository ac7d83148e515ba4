import { isInstalled } from '../../../scripts/servers/recipe.ts';
import { KafkaCluster } from './kafka-cluster.ts';
import { MinioServer } from './minio-server.ts';

/** A broker that tests may create topics on. */
export interface TestKafka extends AsyncDisposable {
  readonly bootstrap: readonly string[];
}

/** An S3 that tests may create buckets on. */
export interface TestS3 extends AsyncDisposable {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Addresses of servers to use instead of starting some: `host:port,…`, `http://key:secret@host:port`. */
export const configured: Record<'kafka' | 'minio', string | undefined> = {
  kafka: process.env['LETHE_TEST_KAFKA'] || undefined,
  minio: process.env['LETHE_TEST_S3'] || undefined,
};

/** Whether tests on a real Kafka can run: `describe.skipIf(!kafkaAvailable)`. */
export const kafkaAvailable = configured.kafka !== undefined || isInstalled('kafka');

/** Whether tests on a real object store can run. */
export const s3Available = configured.minio !== undefined || isInstalled('minio');

/** The configured Kafka, or a broker of your own. */
export async function openTestKafka(): Promise<TestKafka> {
  if (configured.kafka === undefined) return await KafkaCluster.start();
  return { bootstrap: configured.kafka.split(','), [Symbol.asyncDispose]: async () => {} };
}

/** The configured S3, or a MinIO of your own. */
export async function openTestS3(): Promise<TestS3> {
  if (configured.minio === undefined) return await MinioServer.start();
  const { origin, username, password } = new URL(configured.minio);
  return {
    url: origin,
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
    [Symbol.asyncDispose]: async () => {},
  };
}
