import { describe, it } from 'vitest';
import { type BusContract, type BusFixture, TestBus } from './contract/fixture.ts';
import { groupCases } from './contract/group-cases.ts';
import { logCases } from './contract/log-cases.ts';
import { transactionCases } from './contract/transaction-cases.ts';
import { volumeCases } from './contract/volume-cases.ts';

export type { BusContract, BusFixture };

/** The case with many records takes seconds; a busy machine is given time. */
const caseTimeoutMs = 240_000;

/**
 * What every {@link MessageBus} promises, as tests. An adapter that cannot keep one lists it under
 * `exceptions` with the reason; it then shows as skipped, with that reason.
 */
export function describeMessageBus(name: string, contract: BusContract): void {
  describe(`${name} as a message bus`, () => {
    const exceptions = new Map(Object.entries(contract.exceptions ?? {}));

    function check(title: string, test: (bus: TestBus) => Promise<void>): void {
      const reason = exceptions.get(title);
      exceptions.delete(title);
      if (reason !== undefined) {
        it.skip(`${title} (not here: ${reason})`);
        return;
      }
      it(
        title,
        async () => {
          await using bus = new TestBus(await contract.setUp());
          await test(bus);
        },
        caseTimeoutMs,
      );
    }

    logCases(check);
    groupCases(check, contract);
    transactionCases(check);
    volumeCases(check, contract);
    if (exceptions.size > 0) {
      throw new Error(`No such case in the contract: ${[...exceptions.keys()].join('; ')}`);
    }
  });
}
