import type { MinioStoreOptions } from '../minio-store.ts';
import { MinioBucket } from './minio-bucket.ts';
import type { BucketSettings } from './s3-bucket.ts';
import { failureOf, isNotDone, s3Error } from './s3-error.ts';
import { withRetries } from './with-retries.ts';

export interface BucketReport {
  /** Whether this call made it. */
  readonly created: boolean;
  readonly settings: BucketSettings;
  /** Where the bucket differs from what Lethe wants, each as a sentence; empty: nowhere. */
  readonly drift: readonly string[];
}

/**
 * Makes the bucket where it is missing, without versioning and without object lock (decision 0036),
 * and says where one that is there differs; it changes none.
 *
 * @throws LetheError as the store does: `unavailable`, or `precondition` for keys that may not
 */
export async function applyBucket(options: MinioStoreOptions): Promise<BucketReport> {
  const closing = new AbortController();
  using bucket = new MinioBucket({
    region: 'us-east-1',
    timeoutMs: 15_000,
    maxConnections: 1,
    ...options,
    signal: closing.signal,
  });
  try {
    const attempt = async () => {
      const created = !(await bucket.exists());
      if (created) await bucket.create();
      const settings = await bucket.settings();
      return { created, settings, drift: driftOf(settings) };
    };
    const attempts = (thrown: unknown) => (isNotDone(failureOf(thrown)) ? 6 : 1);
    return await withRetries(attempt, { attempts, signal: closing.signal });
  } catch (thrown) {
    const where = `bucket ${options.bucket} at ${options.host}:${options.port}`;
    throw s3Error(failureOf(thrown), where, 'make or look at the');
  } finally {
    closing.abort();
  }
}

function driftOf({ versioning, defaultRetention }: BucketSettings): string[] {
  return [
    ...(defaultRetention === ''
      ? []
      : [
          `an object lock keeps new objects (${defaultRetention}): superseded weights could not be purged. Use another bucket`,
        ]),
    ...(versioning === 'enabled'
      ? [
          'versioning is enabled: every replaced serving pointer and probe is kept. Lethe deletes all versions of what it deletes; suspend versioning unless you need it',
        ]
      : []),
  ];
}
