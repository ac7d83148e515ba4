import { describe, expect, it } from 'vitest';
import type { HistoryEntry, RoundEntry } from '../../wire/index.ts';
import { layOutLineage } from './lineage-layout.ts';

function round(sequence: number, parentSequence: number, change: Partial<RoundEntry> = {}) {
  const entry = {
    kind: 'round',
    sequence,
    parentSequence,
    wasPromoted: true,
    decision: 'promoted',
  };
  return { ...entry, outcome: 'pass', state: 'superseded', ...change } as RoundEntry;
}
const refused = { wasPromoted: false, decision: 'verdict_failed', outcome: 'fail' } as const;

describe('layOutLineage', () => {
  it('gives each entry a place in its order, and each kind its form and lane', () => {
    const entries: HistoryEntry[] = [
      { kind: 'rollback', sequence: 4, targetSequence: 1 } as HistoryEntry,
      round(3, 2),
      round(2, 1),
      round(1, 0),
      round(5, 1, refused),
      { kind: 'escalation', sequence: 6, attempts: [5] } as unknown as HistoryEntry,
      round(7, 1, { wasPromoted: false, decision: '', outcome: '' }),
    ];
    const { nodes, edges } = layOutLineage(entries, 1);
    expect(nodes.map(({ sequence, form }) => [sequence, form])).toEqual([
      [0, 'original'],
      [1, 'serving'],
      [2, 'promoted'],
      [3, 'promoted'],
      [4, 'rollback'],
      [5, 'rejected'],
      [6, 'escalation'],
      [7, 'pending'],
    ]);
    expect(nodes.map(({ x }) => x)).toEqual(nodes.map(({ x }) => x).toSorted((a, b) => a - b));
    const [main, back, side] = [nodes[1]?.y, nodes[4]?.y, nodes[5]?.y];
    expect(back).toBeLessThan(main ?? 0);
    expect(side).toBeGreaterThan(main ?? 0);
    expect(edges.map(({ kind }) => kind)).toEqual([
      'made-from',
      'made-from',
      'made-from',
      'back',
      'refused',
      'refused',
      'made-from',
    ]);
  });

  it('shows the end of a long log without what came before', () => {
    const { nodes } = layOutLineage([round(901, 899), round(900, 899)], 901);
    expect(nodes.map(({ sequence }) => sequence)).toEqual([900, 901]);
    expect(layOutLineage([], 0)).toMatchObject({ nodes: [{ sequence: 0, form: 'serving' }] });
  });
});
