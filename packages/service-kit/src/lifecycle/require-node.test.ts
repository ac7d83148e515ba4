import { expect, it } from 'vitest';
import { requireNode } from './require-node.ts';

it.each(['20.20.2', '22.14.9'])('refuses Node %s, and says where the right one is', (version) => {
  expect(() => requireNode(version)).toThrowError(
    new RegExp(`Node = "${version}": is older than 22.15. .*node_modules/.bin/node`),
  );
});

it.each(['22.15.0', '24.1.0'])('takes Node %s', (version) => {
  expect(() => requireNode(version)).not.toThrow();
});
