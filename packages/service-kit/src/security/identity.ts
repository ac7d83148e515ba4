import { LetheError } from '@lethe/contracts';
import type { Role } from './role.ts';

/** Who calls. */
export type Identity =
  /** Authentication is off: whoever reaches the address may do everything. */
  | { readonly kind: 'anyone' }
  /** Of the identities file; an emitter's name is the name it states in its requests. */
  | { readonly kind: 'known'; readonly name: string; readonly roles: readonly Role[] };

export const anyone: Identity = { kind: 'anyone' };

/** The name that an identity is bound to in all it sends and asks: an emitter that is nothing else. */
export function boundEmitter(
  identity: Identity,
  mayAskForOthers: readonly Role[],
): string | undefined {
  if (identity.kind === 'anyone') return undefined;
  return identity.roles.some((role) => mayAskForOthers.includes(role)) ? undefined : identity.name;
}

/** @throws LetheError `denied` when somebody bound to `own` names another emitter */
export function requireOwnEmitter(own: string | undefined, stated: string): void {
  if (own === undefined || stated === '' || stated === own) return;
  throw new LetheError(
    'denied',
    `emitter = ${JSON.stringify(stated)}: this caller is ${own}. State that, or nothing`,
  );
}
