import { LetheError } from '@lethe/contracts';
import type { CallContext, Role } from '@lethe/service-kit';

/** Header in which a caller names itself where calls are not authenticated. */
const actorHeader = 'x-lethe-actor';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Who decides, for the record. @throws LetheError `invalid` for what is no name */
export function actorOf({ identity, header }: CallContext): string {
  if (identity.kind === 'known') return identity.name;
  const name = header(actorHeader) ?? 'anyone';
  if (namePattern.test(name)) return name;
  const remedy = 'Use 1 to 64 of A-Z, a-z, 0-9, ".", "_", "@", "-".';
  throw LetheError.invalid(actorHeader, name, 'is no name', remedy);
}

/** For what a role may do only in part. @throws LetheError `denied` */
export function requireRole({ identity }: CallContext, role: Role, what: string): void {
  if (identity.kind === 'anyone' || identity.roles.includes(role)) return;
  throw new LetheError(
    'denied',
    `${identity.name} has the role ${identity.roles.join(', ')}; ${what} is for ${role}`,
  );
}
