import { describe, expect, it } from 'vitest';
import { AddressPolicy } from './address-policy.ts';

const anywhere = new AddressPolicy();

describe('addresses that callbacks may go to', () => {
  it.each(['93.184.216.34', '8.8.8.8', '172.32.0.1', '2606:2800:220:1::1', '::ffff:8.8.8.8'])(
    'are public ones: %s',
    (address) => expect(anywhere.isAllowed(address)).toBe(true),
  );

  it.each([
    ['loopback', '127.0.0.1', '127.255.1.1', '::1'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1'],
    ['link-local, cloud metadata', '169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
    ['unspecified', '0.0.0.0', '::'],
    ['carrier, benchmarking, documentation', '100.64.0.1', '198.18.0.1', '192.0.2.1'],
    ['multicast, broadcast', '224.0.0.1', '255.255.255.255', 'ff02::1'],
    ['IPv4 in IPv6', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '0:0:0:0:0:ffff:10.0.0.1'],
    ['IPv4 behind translation', '64:ff9b::a00:1', '2002:a00:1::', '2001:0:a00:1::', '::10.0.0.1'],
    ['IPv4-translated', '::ffff:0:10.0.0.1', '::ffff:0:a9fe:a9fe', '64:ff9b:1::a00:1'],
    ['IPv6 that nobody was given', '4000::1', '1::1', 'fec0::1', '100::1', '5f00::1'],
    ['no address at all', '', 'localhost', '010.0.0.1'],
  ])('are never %s', (_, ...addresses) => {
    for (const address of addresses) {
      expect([address, anywhere.isAllowed(address)]).toEqual([address, false]);
    }
  });

  it('may lie in a network that the operator names, and only there', () => {
    const named = new AddressPolicy(['10.1.0.0/16', 'fd00:1::/64']);
    expect(
      ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5'].map((each) => named.isAllowed(each)),
    ).toEqual([true, true, true]);
    expect(['10.2.0.1', '127.0.0.1'].map((each) => named.isAllowed(each))).toEqual([false, false]);
    expect(() => new AddressPolicy(['10.1/16'])).toThrow(/networks = "10.1\/16": is no network/);
  });
});
