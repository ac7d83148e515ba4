export * from './blob-store.ts';
export { digestOfFile } from './file-digest.ts';
export * from './folder-store.ts';
export * from './minio-store.ts';
export * from './object-store.ts';
export * from './probe-object-store.ts';
export * from './put-once.ts';
export { applyBucket, type BucketReport } from './s3/apply-bucket.ts';
export { parseS3Address, type S3Address } from './s3/s3-address.ts';
