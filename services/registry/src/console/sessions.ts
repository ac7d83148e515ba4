/**
 * Signs people in with their token, for as long as a working day.
 *
 * A session is the token itself, sealed (AES-256-GCM) into a cookie that no script can read: the
 * registry keeps nothing, a restart ends no session, replicas that share keys share sessions, and a
 * token that is taken out of the identities file ends every session at once.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface SessionsOptions {
  /** A secret of this installation, at least 32 bytes. */
  readonly secret: Uint8Array;
  readonly lifetimeMs: number;
  /** Whether the console is served over TLS: the cookie then travels over nothing else. */
  readonly isSecure: boolean;
}

const ivBytes = 12;
const tagBytes = 16;

export class Sessions {
  readonly #key: Uint8Array;
  readonly #lifetimeMs: number;
  readonly #isSecure: boolean;

  constructor({ secret, lifetimeMs, isSecure }: SessionsOptions) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'lethe console session v1', 32));
    this.#lifetimeMs = lifetimeMs;
    this.#isSecure = isSecure;
  }

  /** The `set-cookie` that begins a session. */
  begin(token: string, now: Date): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const until = now.getTime() + this.#lifetimeMs;
    const sealed = Buffer.concat([cipher.update(JSON.stringify({ token, until })), cipher.final()]);
    const value = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    return this.#cookie(value, Math.floor(this.#lifetimeMs / 1000));
  }

  /** The `set-cookie` that ends it. */
  end(): string {
    return this.#cookie('', 0);
  }

  /** The token of a session that has not ended; `undefined` for anything else. */
  token(cookies: string | undefined, now: Date): string | undefined {
    const sealed = cookieOf(cookies, this.#name());
    if (sealed === undefined) return undefined;
    try {
      const bytes = Buffer.from(sealed, 'base64url');
      // The decoder overlooks the unused bits of the last character: one session has one spelling.
      if (bytes.toString('base64url') !== sealed) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      const opened = Buffer.concat([
        decipher.update(bytes.subarray(ivBytes + tagBytes)),
        decipher.final(),
      ]);
      const { token, until } = JSON.parse(opened.toString('utf8')) as {
        token: string;
        until: number;
      };
      return until > now.getTime() ? token : undefined;
    } catch {
      return undefined;
    }
  }

  /** `__Host-`: browsers take it over TLS only, from this very host only. */
  #name(): string {
    return this.#isSecure ? '__Host-lethe' : 'lethe';
  }

  #cookie(value: string, maxAgeSeconds: number): string {
    const secure = this.#isSecure ? '; Secure' : '';
    return `${this.#name()}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
  }
}

function cookieOf(cookies: string | undefined, name: string): string | undefined {
  for (const each of (cookies ?? '').split(';')) {
    const cut = each.indexOf('=');
    if (each.slice(0, cut).trim() === name && cut !== -1) return each.slice(cut + 1).trim();
  }
  return undefined;
}
