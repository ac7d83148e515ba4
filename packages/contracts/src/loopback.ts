import { isIP } from 'node:net';

/** Whether `host` is this machine, and only this machine: what is sent there crosses no network. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
