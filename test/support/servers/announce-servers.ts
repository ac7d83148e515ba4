import { kafkaAvailable, s3Available } from './available-servers.ts';

/**
 * Says before the tests which of them will be skipped for want of servers; with
 * LETHE_TEST_SERVERS=required, as in CI, fails instead.
 */
export function setup(): void {
  const missing = [...(kafkaAvailable ? [] : ['Kafka']), ...(s3Available ? [] : ['MinIO'])].join(
    ' and ',
  );
  if (missing === '') return;
  const remedy = 'npm run servers:install kafka minio gets them, once (5 to 10 minutes)';
  if (process.env['LETHE_TEST_SERVERS'] === 'required') {
    throw new Error(`no real ${missing} here, and LETHE_TEST_SERVERS says required; ${remedy}`);
  }
  process.stderr.write(`Skipping the tests on a real ${missing}: ${remedy}.\n`);
}
