import { BlockList, isIP } from 'node:net';
import { LetheError } from '@lethe/contracts';

/**
 * Addresses that are not on the public internet, after the IANA special-purpose registries
 * (RFC 6890 and its updates), and those in which an IPv4 address may hide (6to4, Teredo). Of IPv6 only
 * 2000::/3 is in use (RFC 4291): whatever lies outside is refused, NAT64 and IPv4-translated included.
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
  ['::', 3],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['4000::', 2],
  ['8000::', 1],
];

/** Apart: Node also looks an IPv4 address up as the IPv6 one that it is mapped to, which is in ::/3. */
const refused = {
  ipv4: blockListOf(special.filter(([address]) => isIP(address) === 4)),
  ipv6: blockListOf(special.filter(([address]) => isIP(address) === 6)),
};

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
    return isIP(address) !== 0 && (this.isNamed(address) || !isSpecial(address));
  }
}

function isSpecial(given: string): boolean {
  const { address, family } = asWhatItIs(given);
  return refused[family].check(address, family);
}

function holds(list: BlockList, given: string): boolean {
  const { address, family } = asWhatItIs(given);
  return isIP(address) !== 0 && list.check(address, family);
}

/** An IPv4 address that is written as IPv6 (::ffff:10.0.0.1) is judged as IPv4. */
function asWhatItIs(address: string): { address: string; family: 'ipv4' | 'ipv6' } {
  const mapped = mappedIpv4(address);
  if (mapped !== undefined) return { address: mapped, family: 'ipv4' };
  return { address, family: isIP(address) === 6 ? 'ipv6' : 'ipv4' };
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
