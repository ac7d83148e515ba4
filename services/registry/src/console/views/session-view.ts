import type { Session } from '@lethe/console';
import { type Identity, rolesThatMayCall, rpcRoles } from '@lethe/service-kit';

/** Who somebody is to the console, and what the table of roles allows. @param identity unknown: none */
export function sessionView(
  identity: Identity | undefined,
): Pick<Session, 'kind' | 'name' | 'roles' | 'may' | 'isApprover'> {
  if (identity === undefined) {
    return { kind: 'unknown', name: '', roles: [], may: [], isApprover: false };
  }
  const may = methodsOf(identity);
  if (identity.kind === 'anyone') {
    return { kind: 'open', name: '', roles: [], may, isApprover: true };
  }
  const { name, roles } = identity;
  return { kind: 'known', name, roles, may, isApprover: roles.includes('approver') };
}

/** For example `ReleaseService.rollback`. */
function methodsOf(identity: Identity): string[] {
  return Object.entries(rpcRoles).flatMap(([service, methods]) =>
    Object.keys(methods)
      .filter((name) => mayCall(identity, service, name))
      .map((name) => `${service.replace('lethe.v1.', '')}.${name}`),
  );
}

function mayCall(identity: Identity, service: string, name: string): boolean {
  if (identity.kind === 'anyone') return true;
  const allowed = rolesThatMayCall(service, name);
  return identity.roles.some((role) => allowed.includes(role));
}
