import { describe, it } from 'vitest';
import { conditionCases } from './contract/condition-cases.ts';
import type { StoreContract, StoreFixture } from './contract/fixture.ts';
import { listCases } from './contract/list-cases.ts';
import { objectCases } from './contract/object-cases.ts';
import { probeCases } from './contract/probe-cases.ts';

export type { StoreContract, StoreFixture };

/**
 * What every {@link ObjectStore} promises, as tests. An adapter that cannot keep one lists it
 * under `exceptions` with the reason; it then shows as skipped, with that reason.
 */
export function describeObjectStore(name: string, contract: StoreContract): void {
  describe(`${name} as an object store`, () => {
    const exceptions = new Map(Object.entries(contract.exceptions ?? {}));

    function check(title: string, test: (fixture: StoreFixture) => Promise<void>): void {
      const reason = exceptions.get(title);
      exceptions.delete(title);
      if (reason !== undefined) {
        it.skip(`${title} (not here: ${reason})`);
        return;
      }
      it(title, async () => {
        await using fixture = await contract.setUp();
        await test(fixture);
      });
    }

    objectCases(check);
    conditionCases(check);
    listCases(check);
    probeCases(check);

    if (exceptions.size > 0) {
      throw new Error(`no such test to except: ${[...exceptions.keys()].join(', ')}`);
    }
  });
}
