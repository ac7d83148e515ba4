import { LetheError } from '@lethe/contracts';
import { count } from '@lethe/telemetry';
import type { ChangingFiles } from '../changing-files.ts';
import type { Log } from '../log/log.ts';
import { type Credentials, identify } from './identify.ts';
import type { Identity } from './identity.ts';
import type { Identities } from './read-identities.ts';
import { tallyRefusal } from './refusal-tally.ts';
import { rolesThatMayCall } from './rpc-roles.ts';

/** A method of a service as the table of roles names it. */
export interface Rpc {
  /** For example `lethe.v1.RegistryService`. */
  readonly service: string;
  /** For example `getServing`. */
  readonly name: string;
}

/** Stands before every call of every service: says who calls, and whether that may be. */
export class CallGuard {
  readonly #identities: Pick<ChangingFiles<Identities>, 'current'> | undefined;

  /** @param identities without them everybody may do everything */
  constructor(identities?: Pick<ChangingFiles<Identities>, 'current'>) {
    this.#identities = identities;
  }

  /** Whether everybody may do everything. */
  get isOpen(): boolean {
    return this.#identities === undefined;
  }

  /** @throws LetheError `unauthenticated` or `denied` */
  async admit(rpc: Rpc, shown: Credentials): Promise<Identity> {
    const identity = identify(await this.#identities?.current(), shown);
    requireRole(rpc, identity);
    return identity;
  }
}

/** Logs and counts a call that ended with `error`, where that refuses it for who called. */
export function reportRefusal(log: Log, method: string, error: LetheError): void {
  if (error.code !== 'unauthenticated' && error.code !== 'denied') return;
  log.warn('call refused', { method, reason: error.code, why: error.message });
  count('lethe.calls.refused', { 'rpc.method': method, reason: error.code });
  tallyRefusal(method, error.code);
}

function requireRole({ service, name }: Rpc, identity: Identity): void {
  if (identity.kind === 'anyone') return;
  const allowed = rolesThatMayCall(service, name);
  if (identity.roles.some((role) => allowed.includes(role))) return;
  throw new LetheError(
    'denied',
    `${identity.name} has the role ${identity.roles.join(', ')}; ${service}/${name} is for ${allowed.join(', ') || 'nobody'}`,
  );
}
