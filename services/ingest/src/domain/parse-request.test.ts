import { DeletionRequest, type LetheError, Mode, Regulation, sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { incoming } from './incoming-request.ts';
import { limits } from './limits.ts';
import { type ParseContext, parseRequest } from './parse-request.ts';

const now = new Date('2026-03-01T12:00:00Z');
const context: ParseContext = { now, statedEmitter: undefined, defaultEmitter: 'default' };
const requestId = '3f0b7c1e-8f43-4a2e-9f0e-0a4b6a1f2d11';

/** Any part of a request, wrong ones included. */
type Change = object;

function parse(change: Change, given: Partial<ParseContext> = {}) {
  const request = DeletionRequest.fromPartial({
    requestId,
    modelKey: 'm1',
    scope: { kind: { $case: 'subject', value: 'user-1' } },
    ...change,
  } as DeletionRequest);
  return parseRequest(incoming(request), { ...context, ...given });
}

function violationsOf(change: Change, given: Partial<ParseContext> = {}) {
  try {
    parse(change, given);
  } catch (error) {
    return (error as LetheError).violations;
  }
  return [];
}

const ids = (list: string[], digests: string[] = []) => ({
  scope: { kind: { $case: 'samples' as const, value: { ids: list, sha256: digests } } },
});

describe('parseRequest', () => {
  it('fills in emitter and regulation, and lower-cases the id', () => {
    expect(parse({ requestId: requestId.toUpperCase() })).toEqual({
      requestId,
      emitter: 'default',
      models: { kind: 'one', modelKey: 'm1' },
      scope: { kind: 'subject', handle: 'user-1' },
      regulation: Regulation.REGULATION_GDPR,
      submittedTime: undefined,
      mode: Mode.MODE_UNSPECIFIED,
      relabelTo: undefined,
    });
  });

  it('takes the emitter from the field, else from beside the request', () => {
    expect(parse({ emitter: 'shop' }).emitter).toBe('shop');
    expect(parse({}, { statedEmitter: 'crm' }).emitter).toBe('crm');
    expect(parse({ emitter: 'crm' }, { statedEmitter: 'crm' }).emitter).toBe('crm');
    expect(violationsOf({ emitter: 'shop' }, { statedEmitter: 'crm' })).toMatchObject([
      { field: 'emitter', value: 'shop' },
    ]);
  });

  it('sorts listed samples and drops repeated ones', () => {
    const digest = sha256('x');
    expect(parse(ids(['b', 'a', 'b'], [digest.toUpperCase(), digest])).scope).toEqual({
      kind: 'samples',
      ids: ['a', 'b'],
      sha256: [digest],
    });
  });

  it('names every violation at once, with value and remedy', () => {
    const found = violationsOf({
      requestId: 'not-a-uuid',
      emitter: 'Jane Doe',
      modelKey: '../m1',
      scope: undefined,
      regulation: 9 as Regulation,
      submittedTime: new Date('2027-01-01T00:00:00Z'),
      mode: Mode.MODE_UNTRAIN,
      relabelTo: 3,
    });
    expect(found.map(({ field }) => field)).toEqual([
      'request_id',
      'emitter',
      'model_key',
      'scope',
      'regulation',
      'submitted_time',
      'relabel_to',
    ]);
    for (const violation of found) expect(violation.remedy).not.toBe('');
    expect(found[0]).toMatchObject({ value: 'not-a-uuid' });
  });

  it.each([
    ['no scope', { scope: { kind: undefined } }, 'scope'],
    [
      'an empty subject',
      { scope: { kind: { $case: 'subject' as const, value: '' } } },
      'scope.subject',
    ],
    ['an empty list', ids([]), 'scope.samples'],
    ['an empty id', ids(['']), 'scope.samples.ids[0]'],
    ['a digest that is none', ids(['a'], ['xyz']), 'scope.samples.sha256[0]'],
    ['bytes that were no UTF-8', ids(['a', 'b\ufffd']), 'scope.samples.ids[1]'],
    ['a lone surrogate', ids(['\ud800']), 'scope.samples.ids[0]'],
    ['an id without end', ids(['x'.repeat(limits.nameCharacters + 1)]), 'scope.samples.ids[0]'],
    ['relabel without a label', { mode: Mode.MODE_RELABEL }, 'relabel_to'],
    ['a mode from elsewhere', { mode: 7 as Mode }, 'mode'],
    ['a time that is none', { submittedTime: new Date(Number.NaN) }, 'submitted_time'],
  ])('refuses %s', (_, change, field) => {
    expect(violationsOf(change).map((violation) => violation.field)).toEqual([field]);
  });

  it('refuses a million ids, saying how many are taken, and does not list them', () => {
    const found = violationsOf(ids(Array.from({ length: 1_000_000 }, (_, at) => `s${at}`)));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ field: 'scope.samples', value: '1000000 samples' });
    expect(found[0]?.description).toContain('100000');
  });

  it('tells of the first twenty of many violations and counts the rest', () => {
    const error = (() => {
      try {
        parse(ids(Array.from({ length: 50 }, () => '')));
      } catch (thrown) {
        return thrown as LetheError;
      }
      return undefined;
    })();
    expect(error?.violations).toHaveLength(20);
    expect(error?.message).toContain('and 30 more');
  });

  it('takes a clock that runs five minutes ahead, and no further', () => {
    const ahead = (ms: number) => ({ submittedTime: new Date(now.getTime() + ms) });
    expect(violationsOf(ahead(limits.clockSkewMs))).toEqual([]);
    expect(violationsOf(ahead(limits.clockSkewMs + 1))).toMatchObject([
      { field: 'submitted_time' },
    ]);
  });

  it('refuses times of more than ten years ago', () => {
    expect(violationsOf({ submittedTime: new Date('2016-04-01') })).toEqual([]);
    expect(violationsOf({ submittedTime: new Date('1970-01-21') })).toMatchObject([
      { field: 'submitted_time', value: '1970-01-21T00:00:00.000Z' },
    ]);
  });

  it('says nothing more about a field that could not be read', () => {
    const problem = {
      field: 'request_id',
      value: '5',
      description: 'is no text',
      remedy: 'Quote.',
    };
    const request = DeletionRequest.fromPartial({ modelKey: 'm1' });
    expect(() =>
      parseRequest({ kind: 'read', request, problems: [problem] }, context),
    ).toThrowError(
      expect.objectContaining({
        violations: [problem, expect.objectContaining({ field: 'scope' })],
      }),
    );
  });
});
