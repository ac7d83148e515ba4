import { LetheError, type TopicSpec } from '@lethe/contracts';

/** More than this the embedded log cannot hold, and nobody needs. */
const maxPartitions = 2 ** 13 - 1;

/** @throws LetheError `invalid` for a name, number of partitions or retention that cannot be */
export function checkTopicSpec(spec: TopicSpec): void {
  const name = JSON.stringify(spec.name);
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(spec.name)) {
    throw LetheError.invalid(
      'topic.name',
      spec.name,
      'must be 1 to 249 of letters, digits, ".", "_" and "-"',
      'Choose such a name.',
    );
  }
  if (
    !Number.isInteger(spec.partitions) ||
    spec.partitions < 1 ||
    spec.partitions > maxPartitions
  ) {
    throw LetheError.invalid(
      `topic ${name}.partitions`,
      spec.partitions,
      `must be a whole number from 1 to ${maxPartitions}`,
      'Choose such a number; it can never be changed.',
    );
  }
  if (!Number.isSafeInteger(spec.retentionMs) || spec.retentionMs < 1) {
    throw LetheError.invalid(
      `topic ${name}.retentionMs`,
      spec.retentionMs,
      'must be a positive whole number of milliseconds',
      'Choose how long records are to be kept.',
    );
  }
}
