import { BlockList, isIP } from 'node:net';
import { LetheError } from '@lethe/contracts';

/**
 * Addresses that are not on the public internet, after the IANA special-purpose registries
 * (RFC 6890 and its updates), and those in which an IPv4 address may hide (6to4, NAT64, Teredo).
 */
const special: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const refused = blockListOf(special);

/** Which addresses a callback may go to: public ones, and networks that the operator names. */
export class AddressPolicy {
  readonly #named: BlockList;

  /** @throws LetheError `invalid` for what is no network in CIDR notation */
  constructor(networks: readonly string[] = [], field = 'networks') {
    this.#named = blockListOf(networks.map((text) => parseNetwork(text, field)));
  }

  /** Whether the operator named a network that holds it. */
  isNamed(address: string): boolean {
    return holds(this.#named, address);
  }

  isAllowed(address: string): boolean {
    return isIP(address) !== 0 && (this.isNamed(address) || !holds(refused, address));
  }
}

/** An IPv4 address that is written as IPv6 (::ffff:10.0.0.1) is judged as what it is. */
function holds(list: BlockList, address: string): boolean {
  const mapped = mappedIpv4(address);
  if (mapped !== undefined) return list.check(mapped, 'ipv4');
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function mappedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  // The URL parser writes every form in the same way: ::ffff:a00:1.
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return bits.flatMap((each) => [each >> 8, each & 255]).join('.');
}

function parseNetwork(text: string, field: string): readonly [string, number] {
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  if (family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most)
    return [address, Number(bits)];
  const remedy = 'Write it like 10.1.0.0/16 or fd00:1::/64.';
  throw LetheError.invalid(field, text, 'is no network', remedy);
}

function blockListOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of networks) {
    list.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
