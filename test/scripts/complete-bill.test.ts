import { describe, expect, it } from 'vitest';
import { type Component, completeBill } from '../../scripts/sbom/complete-bill.ts';

const component = (
  name: string,
  version: string,
  purl = `pkg:npm/${name}@${version}`,
): Component => ({
  type: 'library',
  name,
  version,
  purl,
  'bom-ref': `${name}@${version}`,
});
const sha512 = Buffer.from('ab'.repeat(64), 'hex').toString('base64');
const lock = {
  packages: {
    '': {},
    'packages/bus': { version: '0.1.0' },
    'node_modules/@lethe/bus': { link: true },
    'node_modules/kafkajs': { version: '2.2.4' },
    'node_modules/@scope/both': { version: '1.10.0', integrity: `sha512-${sha512}` },
    'node_modules/only-tools': { version: '3.0.0', dev: true },
    'node_modules/kafkajs/node_modules/only-tools': { version: '2.0.0' },
    'node_modules/other-system': { version: '1.0.0', optional: true },
  },
};

describe('the bill of materials', () => {
  const bus = component('bus', '0.1.0', 'pkg:npm/%40lethe/bus@0.1.0');
  const bill = completeBill(
    [bus, component('kafkajs', '2.2.4'), component('only-tools', '3.0.0')],
    lock,
  );

  it('names what is installed with the programs, each version, and the packages of this checkout', () => {
    expect(bill.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'bus@0.1.0',
      '@scope/both@1.10.0',
      'kafkajs@2.2.4',
      'only-tools@2.0.0',
    ]);
  });

  it('says of what npm left out where it is from and what its bytes are', () => {
    expect(bill[1]).toMatchObject({
      purl: 'pkg:npm/%40scope/both@1.10.0',
      hashes: [{ alg: 'SHA-512', content: 'ab'.repeat(64) }],
    });
  });
});
