import type { S3Object } from './s3-bucket.ts';

/** All bytes of an object. @throws what the wire says, and when fewer come than were announced */
export async function collect(found: S3Object): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(found.sizeBytes);
  let filled = 0;
  for await (const piece of wholePieces(found)) filled += piece.copy(bytes, filled);
  return bytes;
}

/** The bytes of an object, piece by piece. @throws as {@link collect}, at the end */
export async function* wholePieces({ body, sizeBytes }: S3Object): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    seen += piece.length;
    yield piece;
  }
  if (seen !== sizeBytes) throw new Error(`${seen} of ${sizeBytes} bytes came`);
}
