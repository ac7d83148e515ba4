import { type Digest, type LetheError, Mode, ModelRegistration, sha256 } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import type { ParsedRequest } from './parse-request.ts';
import { type IntakeModel, resolveRequest } from './resolve-request.ts';

/** Rows 0–5: ids s0–s5, labels 0 0 1 1 2 2; user-a owns 0 and 3, rows 4 and 5 share a digest. */
const labels = [0, 0, 1, 1, 2, 2];
const digests = ['0', '1', '2', '3', '4', '4'].map((text) => sha256(text));

function find(asked: readonly string[], known: readonly string[]) {
  const rows = known.flatMap((name, row) => (asked.includes(name) ? [row] : []));
  return { rows: Uint32Array.from(rows), unknown: asked.filter((name) => !known.includes(name)) };
}

function model(change: Partial<ModelRegistration> = {}): IntakeModel {
  return {
    registration: ModelRegistration.fromPartial({
      classCount: 4,
      defaultMode: Mode.MODE_UNTRAIN,
      evaluationSets: [{ name: 'a', role: 'stop' }],
      ...change,
    } as ModelRegistration),
    manifest: {
      rowsOfSubject: (handle) => Uint32Array.from(handle === 'user-a' ? [0, 3] : []),
      rowsOfSampleIds: (ids) =>
        find(
          ids,
          labels.map((_, row) => `s${row}`),
        ),
      rowsOfDigests: (asked) => find(asked, digests),
      classCounts: [2, 2, 2, 0],
      label: (row) => labels[row]!,
    },
    evaluation: undefined,
  };
}

function request(change: Partial<ParsedRequest>): ParsedRequest {
  return {
    requestId: 'r' as ParsedRequest['requestId'],
    emitter: 'e' as ParsedRequest['emitter'],
    models: { kind: 'all' },
    scope: { kind: 'subject', handle: 'user-a' },
    regulation: 1,
    submittedTime: undefined,
    mode: Mode.MODE_UNSPECIFIED,
    relabelTo: undefined,
    ...change,
  };
}

const samples = (ids: string[], sha: Digest[] = []) =>
  request({ scope: { kind: 'samples', ids, sha256: sha } });

function violationsOf(parsed: ParsedRequest, of = model()) {
  try {
    resolveRequest(parsed, of);
  } catch (error) {
    return (error as LetheError).violations;
  }
  return [];
}

describe('resolveRequest', () => {
  it('gives the rows of a subject and the model’s default mode', () => {
    const resolved = resolveRequest(request({}), model());
    expect(resolved.mode).toBe(Mode.MODE_UNTRAIN);
    expect(resolved.scope).toEqual({ kind: 'rows', rows: Uint32Array.of(0, 3) });
  });

  it('joins ids and digests, each row once and ascending, twins included', () => {
    expect(resolveRequest(samples(['s5', 's0'], [digests[4]!]), model()).scope).toEqual({
      kind: 'rows',
      rows: Uint32Array.of(0, 4, 5),
    });
  });

  it('is no match for a subject, a list or a class that was never trained on', () => {
    const nobody = request({ scope: { kind: 'subject', handle: 'nobody' } });
    const empty = request({ scope: { kind: 'class', label: 3 } });
    for (const parsed of [nobody, samples(['x', 'y'], [sha256('z')]), empty]) {
      expect(resolveRequest(parsed, model()).scope).toEqual({ kind: 'no-match' });
    }
  });

  it('refuses a list of which a part is unknown, naming that part', () => {
    expect(violationsOf(samples(['s1', 'ghost'], [sha256('z')]))).toMatchObject([
      { field: 'scope.samples.ids', value: 'ghost' },
      { field: 'scope.samples.sha256', value: sha256('z') },
    ]);
  });

  it('counts the samples of a class', () => {
    expect(resolveRequest(request({ scope: { kind: 'class', label: 1 } }), model()).scope).toEqual({
      kind: 'class',
      label: 1,
      sampleCount: 2,
    });
  });

  it('refuses labels out of range', () => {
    const wrong = request({
      scope: { kind: 'class', label: 4 },
      mode: Mode.MODE_RELABEL,
      relabelTo: 12,
    });
    expect(violationsOf(wrong)).toMatchObject([
      { field: 'scope.class_label', value: '4' },
      { field: 'relabel_to', value: '12' },
    ]);
  });

  it('refuses to relabel to the label that a sample has', () => {
    const relabel = { mode: Mode.MODE_RELABEL } as const;
    expect(violationsOf(request({ ...relabel, relabelTo: 1 }))).toMatchObject([
      { field: 'relabel_to' },
    ]);
    expect(violationsOf(request({ ...relabel, relabelTo: 2 }))).toEqual([]);
    const whole = { kind: 'class', label: 2 } as const;
    expect(violationsOf(request({ ...relabel, scope: whole, relabelTo: 2 }))).toHaveLength(1);
  });

  it('refuses untrain where no labelled held-out set is registered', () => {
    const bare = model({ evaluationSets: [], defaultMode: Mode.MODE_MISCLASSIFY });
    expect(violationsOf(request({ mode: Mode.MODE_UNTRAIN }), bare)).toMatchObject([
      { field: 'mode', value: 'untrain' },
    ]);
    expect(resolveRequest(request({}), bare).mode).toBe(Mode.MODE_MISCLASSIFY);
  });

  it('refuses a subject with more rows than one event can carry', () => {
    const rows = new Uint32Array(limits.resolvedRows + 1);
    const rich = { ...model(), manifest: { ...model().manifest, rowsOfSubject: () => rows } };
    expect(() => resolveRequest(request({}), rich)).toThrowError(
      expect.objectContaining({ code: 'capacity', message: expect.stringContaining('200001') }),
    );
  });
});
