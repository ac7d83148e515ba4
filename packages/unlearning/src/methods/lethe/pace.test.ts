import { describe, expect, it } from 'vitest';
import { Pacer } from './pace.ts';

const options = { forgetSteps: 2, repairSteps: 4, stepLimit: 100 };

describe('the pace of a round', () => {
  it('is full until the goal is met, then falls to a tenth over the repair', () => {
    const pacer = new Pacer(options);
    const kinds = [false, false, true, true, true, true, true].map((reached) =>
      pacer.next(reached, reached ? 0 : 1),
    );
    expect(kinds.map((pace) => pace.kind)).toEqual([
      'forgetting',
      'forgetting',
      'repairing',
      'repairing',
      'repairing',
      'repairing',
      'ended',
    ]);
    expect(kinds.flatMap((pace) => (pace.kind === 'ended' ? [] : [pace.rateShare]))).toEqual([
      1, 1, 1, 0.75, 0.5, 0.25,
    ]);
  });

  it('keeps full pace for the fewest steps even when the goal is met at once', () => {
    const pacer = new Pacer(options);
    expect([0, 1, 2].map(() => pacer.next(true, 0).kind)).toEqual([
      'forgetting',
      'forgetting',
      'repairing',
    ]);
  });

  it('goes on repairing when the goal slips away again', () => {
    const pacer = new Pacer({ ...options, forgetSteps: 1 });
    pacer.next(false, 1);
    pacer.next(true, 0);
    expect(pacer.next(false, 1).kind).toBe('repairing');
  });

  it('ends at the step limit without repair', () => {
    const pacer = new Pacer({ ...options, stepLimit: 3 });
    const kinds = [1, 0.5, 0.2, 0.1].map((distance) => pacer.next(false, distance).kind);
    expect(kinds).toEqual(['forgetting', 'forgetting', 'forgetting', 'ended']);
  });

  it('lets retention give way by half when the goal comes no nearer for twenty steps', () => {
    const pacer = new Pacer({ ...options, stepLimit: 1000 });
    const shares = Array.from({ length: 50 }, () => {
      const pace = pacer.next(false, 1);
      return pace.kind === 'ended' ? 0 : pace.retainShare;
    });
    expect([shares[0], shares[19], shares[20], shares[39], shares[40]]).toEqual([
      1, 1, 0.5, 0.5, 0.25,
    ]);
  });

  it('leaves retention alone once the goal is met', () => {
    const pacer = new Pacer({ ...options, forgetSteps: 50 });
    const shares = Array.from({ length: 52 }, () => pacer.next(true, 0));
    expect(shares.every((pace) => pace.kind !== 'ended' && pace.retainShare === 1)).toBe(true);
  });

  it('goes by the last look at the goal where it was not looked at', () => {
    const sharesAfter = (verdict: boolean) => {
      const pacer = new Pacer({ ...options, forgetSteps: 1000, stepLimit: 1000 });
      return Array.from({ length: 50 }, (_, step) => {
        const pace = pacer.next(step % 5 === 0 ? verdict : undefined, 1);
        return pace.kind === 'ended' ? 0 : pace.retainShare;
      });
    };
    expect([0, 19, 20, 40].map((step) => sharesAfter(false)[step])).toEqual([1, 1, 0.5, 0.25]);
    expect(sharesAfter(true).every((share) => share === 1)).toBe(true);
  });

  it.each([0, 1, 3])('repairs in %i steps', (repairSteps) => {
    const pacer = new Pacer({ forgetSteps: 0, repairSteps, stepLimit: 10 });
    const kinds = Array.from({ length: repairSteps + 1 }, () => pacer.next(true, 0).kind);
    expect(kinds).toEqual([...new Array(repairSteps).fill('repairing'), 'ended']);
  });

  it('leaves retention alone while the goal comes nearer', () => {
    const pacer = new Pacer({ ...options, stepLimit: 1000 });
    for (let step = 0; step < 300; step++) {
      expect(pacer.next(false, 0.99 ** step)).toMatchObject({ retainShare: 1 });
    }
  });
});
