import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback, LetheError } from '@lethe/contracts';

/** Only scripts of the same origin can send it without being asked first, and nobody else is let. */
const consoleHeader = 'x-lethe-console';

/**
 * A page of somebody else must not act through the browser of who uses the console.
 *
 * @throws LetheError `denied`
 */
export function requireSameSite(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  const origin = headers.origin;
  const isForeign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && hostOf(origin) !== headers.host);
  if (!isForeign && headers[consoleHeader] !== undefined) return;
  throw new LetheError('denied', `this call does not come from the console (${consoleHeader})`);
}

/**
 * Where nobody is asked who they are, the console answers under this machine's own names only: a
 * name that somebody else points here would make their page one of ours (DNS rebinding).
 *
 * @throws LetheError `denied`
 */
export function requireOwnHost(headers: IncomingHttpHeaders): void {
  const host = headers.host ?? '';
  if (isLoopback(host.replace(/:\d+$/, ''))) return;
  throw new LetheError(
    'denied',
    `without identities the console answers to localhost only, not to ${JSON.stringify(host.slice(0, 80))}`,
  );
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
