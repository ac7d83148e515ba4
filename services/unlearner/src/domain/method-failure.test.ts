import { LetheError } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { isMethodFailure } from './method-failure.ts';

const refused = (field: string) => LetheError.invalid(field, 'x', 'is wrong', 'Mend it.');

describe('a failed round', () => {
  it.each(['settings.margin', 'mode', 'method', 'heldOut', 'targetLabels[2]', 'forget'])(
    'climbs the ladder when %s is refused',
    (field) => expect(isMethodFailure(refused(field))).toBe(true),
  );

  it.each([
    new LetheError('corrupt', 'The unlearning state is damaged.'),
    new LetheError('precondition', 'The unlearning state has version 2.'),
    new LetheError('internal', 'no one foresaw this'),
    refused('weights[3][1]'),
    refused('originalWeights'),
  ])('is waited out when %s', (error) => expect(isMethodFailure(error)).toBe(false));
});
