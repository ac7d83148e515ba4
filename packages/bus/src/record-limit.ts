/** A dead letter is its original and some headers: what was taken once must fit again. */
const deadLetterHeadroomBytes = 64 * 1024;

/** Most bytes of one record of a topic: key, headers and value. */
export function recordLimit(topic: string, maxRecordBytes: number): number {
  return topic.endsWith('.dlq') ? maxRecordBytes + deadLetterHeadroomBytes : maxRecordBytes;
}
