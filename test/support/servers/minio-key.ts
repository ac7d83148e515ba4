import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { Client } from 'minio';
import type { TestS3 } from './available-servers.ts';

/** A key of MinIO that may do what `policy` allows: `mc admin accesskey create --policy`. */
export async function createKey(
  s3: TestS3,
  policy: unknown,
): Promise<{ readonly accessKey: string; readonly secretKey: string }> {
  const key = {
    accessKey: `key${randomBytes(6).toString('hex')}`,
    secretKey: randomBytes(18).toString('hex'),
  };
  const body = encrypted(s3.secretKey, Buffer.from(JSON.stringify({ ...key, policy })));
  const { hostname, port, protocol } = new URL(s3.url);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: s3.accessKey,
    secretKey: s3.secretKey,
  });
  await client.makeRequestAsyncOmit(
    { method: 'PUT', bucketName: 'minio', objectName: 'admin/v3/add-service-account' },
    body,
    [200],
    'us-east-1',
  );
  return key;
}

const pbkdf2Rounds = 8_192;
const pbkdf2AesGcm = 0x02;

/**
 * How MinIO's admin interface wants its bodies (madmin-go, encrypt.go): salt, cipher, nonce, and one
 * fragment of sio-go's format, whose associated data are the tag of nothing under sequence number 0.
 */
function encrypted(password: string, plain: Buffer): Buffer {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const key = pbkdf2Sync(password, salt, pbkdf2Rounds, 32, 'sha256');
  const seal = (sequence: number, text: Buffer, associated: Buffer) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(sequence);
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, counter]));
    cipher.setAAD(associated);
    return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  };
  const tag = seal(0, Buffer.alloc(0), Buffer.alloc(0));
  const last = Buffer.from([0x80]);
  const sealed = seal(1, plain, Buffer.concat([last, tag]));
  return Buffer.concat([salt, Buffer.from([pbkdf2AesGcm]), nonce, sealed]);
}
