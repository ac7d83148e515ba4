import { readFileSync } from 'node:fs';
import * as contracts from '@lethe/contracts';
import { LetheError, sha256 } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientConstructor, connect } from '../grpc/connect.ts';
import { type Handlers, implementService, type TypedService } from '../grpc/implement-service.ts';
import { type GrpcServer, startGrpcServer } from '../grpc/server.ts';
import { silentLog } from '../log/log.ts';
import { CallGuard } from './call-guard.ts';
import { readIdentities } from './read-identities.ts';
import { type Role, roles } from './role.ts';
import { rpcRoles } from './rpc-roles.ts';

interface Row {
  readonly service: string;
  readonly rpc: string;
  readonly allowed: readonly Role[];
}

/** What is promised: the table of docs/security.md, `| IngestService.SubmitDeletion | × | | …`. */
const promised = readPromised();

const services = Object.entries(contracts as Readonly<Record<string, unknown>>).flatMap(
  ([name, value]) => (name.endsWith('ServiceService') ? [value as TypedService] : []),
);
const clients = new Map(
  Object.entries(contracts as Readonly<Record<string, unknown>>)
    .filter(([name]) => name.endsWith('ServiceClient'))
    .map(([, value]) => value as ClientConstructor<TypedService>)
    .map((client) => [client.serviceName, client]),
);

function tokenOf(role: Role): string {
  return `the-token-of-the-${role}`;
}

const identities = readIdentities(
  JSON.stringify({
    identities: roles.map((role) => ({
      name: role,
      roles: [role],
      token_sha256: [sha256(tokenOf(role))],
    })),
  }),
);

/** Handlers that only say that they were reached. */
function reached(service: TypedService): Handlers<TypedService> {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      method.responseStream
        ? // biome-ignore lint/correctness/useYield: it ends by its error
          async function* () {
            throw new LetheError('fenced', 'reached');
          }
        : async () => {
            throw new LetheError('fenced', 'reached');
          },
    ]),
  ) as Handlers<TypedService>;
}

let server: GrpcServer;
beforeAll(async () => {
  server = await startGrpcServer({
    address: '127.0.0.1:0',
    services: services.map((service) => implementService(service, reached(service))),
    log: silentLog,
    security: { guard: new CallGuard({ current: async () => identities }), allowInsecure: false },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

/** How a call ends: `fenced` when it was let through. */
async function outcome(service: string, rpc: string, token?: string): Promise<string> {
  const client = clients.get(service) as ClientConstructor<TypedService>;
  const options = token === undefined ? {} : { token };
  await using connection = connect(client, server.address, options);
  try {
    const empty = client.service[rpc]?.requestDeserialize(Buffer.alloc(0));
    const answer = connection[rpc]?.(empty) as AsyncIterable<unknown> | Promise<unknown>;
    if (Symbol.asyncIterator in answer) for await (const _ of answer);
    else await answer;
    return 'answered';
  } catch (thrown) {
    return LetheError.from(thrown).code;
  }
}

describe('the table of roles', () => {
  test('has every method of every service, and is the one in the docs', () => {
    const all = services.flatMap((service) =>
      Object.entries(service).map(([name, { path }]) => `${path.split('/')[1]}.${name}`),
    );
    expect(promised.map(({ service, rpc }) => `${service}.${rpc}`).toSorted()).toEqual(
      all.toSorted(),
    );
    for (const { service, rpc, allowed } of promised) {
      const methods = (rpcRoles as Record<string, Record<string, readonly Role[]>>)[service];
      expect(methods?.[rpc]?.toSorted(), `${service}.${rpc}`).toEqual(allowed.toSorted());
    }
  });

  const cells = promised.flatMap(({ service, rpc, allowed }) =>
    roles.map((role) => ({
      service,
      rpc,
      role,
      expected: allowed.includes(role) ? 'fenced' : 'denied',
    })),
  );
  test.each(cells)('$service $rpc called by $role: $expected', async (cell) => {
    const { service, rpc, role, expected } = cell;
    expect(await outcome(service, rpc, tokenOf(role))).toBe(expected);
  });

  test.each(promised)('$service $rpc called by nobody, or with a wrong token', async (row) => {
    expect(await outcome(row.service, row.rpc)).toBe('unauthenticated');
    expect(await outcome(row.service, row.rpc, 'a-guess')).toBe('unauthenticated');
  });
});

function readPromised(): Row[] {
  const text = readFileSync(new URL('../../../../docs/security.md', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const header = lines.findIndex((line) => line.startsWith('| method | emitter |'));
  const columns = cellsOf(lines[header] ?? '').slice(1);
  const rows: Row[] = [];
  for (const line of lines.slice(header + 2)) {
    const [, service, rpc] = /^\| `(\w+)\.(\w+)` \|/.exec(line) ?? [];
    if (service === undefined || rpc === undefined) break;
    const marks = cellsOf(line).slice(1);
    rows.push({
      service: `lethe.v1.${service}`,
      rpc: rpc[0]?.toLowerCase() + rpc.slice(1),
      allowed: columns.filter((_, at) => marks[at] !== '') as Role[],
    });
  }
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
