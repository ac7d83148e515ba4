import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface IssuedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM texts of the two. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate authority of a test's own, made with openssl; its folder goes with it. */
export class CertificateAuthority implements AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  /** PEM text. */
  readonly certificate: string;

  private constructor(folder: string, certificate: string) {
    this.folder = folder;
    this.file = join(folder, 'ca.pem');
    this.certificate = certificate;
  }

  static async create(): Promise<CertificateAuthority> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-ca-'));
    const [certFile, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
    await openssl('-x509', ...newKey, '-keyout', keyFile, '-out', certFile, ...subject('test CA'));
    return new CertificateAuthority(folder, await readFile(certFile, 'utf8'));
  }

  /** @param names for example `IP:127.0.0.1`, `DNS:localhost`, `URI:spiffe://example/shop` */
  async issue(name: string, names: readonly string[] = []): Promise<IssuedCertificate> {
    const certFile = join(this.folder, `${name}.pem`);
    const keyFile = join(this.folder, `${name}.key`);
    await openssl(
      ...['-x509', '-CA', this.file, '-CAkey', join(this.folder, 'ca.key')],
      ...[...newKey, '-keyout', keyFile, '-out', certFile, ...subject(name)],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ...(names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]),
    );
    const [certificate, privateKey] = await Promise.all(
      [certFile, keyFile].map((file) => readFile(file, 'utf8')),
    );
    return { certFile, keyFile, certificate: certificate ?? '', privateKey: privateKey ?? '' };
  }

  /** A certificate for servers on this machine. */
  async issueServer(name = 'server'): Promise<IssuedCertificate> {
    return await this.issue(name, ['IP:127.0.0.1', 'DNS:localhost']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

function subject(name: string): string[] {
  return ['-subj', `/CN=${name}`];
}

async function openssl(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', ['req', ...args]);
}
