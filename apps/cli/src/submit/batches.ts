/** Bytes of JSON in one call; a call may carry 8 MiB. */
const maxBatchBytes = 4 * 1024 * 1024;
const maxBatchItems = 500;

/** Joins items to batches that fit into one call each; order is kept. */
export async function* batches<Item extends { readonly sizeBytes: number }>(
  items: AsyncIterable<Item>,
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for await (const item of items) {
    if (
      batch.length === maxBatchItems ||
      (batch.length > 0 && bytes + item.sizeBytes > maxBatchBytes)
    ) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}
