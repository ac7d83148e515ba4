import { experimental, ServerCredentials } from '@grpc/grpc-js';
import { followTls, type ServerTls } from '../security/server-tls.ts';

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/** Credentials of a gRPC server that follow their files; plaintext without `tls`. */
export function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const provider = new FollowingCertificates(tls);
  // grpc-js 1.14 names the first two parameters the other way round than it uses them.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    tls.hasClientCa ? provider : null,
    tls.requireClientCertificate,
  );
}

/** What grpc-js calls a certificate provider. */
class FollowingCertificates implements experimental.CertificateProvider {
  readonly #tls: ServerTls;
  readonly #followers = new Map<CaListener | IdentityListener, Disposable>();

  constructor(tls: ServerTls) {
    this.#tls = tls;
  }

  addCaCertificateListener(listener: CaListener): void {
    const follower = followTls(this.#tls, ({ clientCa }) =>
      listener(clientCa === undefined ? null : { caCertificate: Buffer.from(clientCa) }),
    );
    this.#followers.set(listener, follower);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    const follower = followTls(this.#tls, ({ certificate, privateKey }) =>
      listener({ certificate: Buffer.from(certificate), privateKey: Buffer.from(privateKey) }),
    );
    this.#followers.set(listener, follower);
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#forget(listener);
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#forget(listener);
  }

  #forget(listener: CaListener | IdentityListener): void {
    this.#followers.get(listener)?.[Symbol.dispose]();
    this.#followers.delete(listener);
  }
}
