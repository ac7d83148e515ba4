/** Where everything of a model's history stands in its picture: numbers only. */
import type { HistoryEntry } from '../../wire/index.ts';

/** What a node stands for; each has a form of its own. */
export type NodeForm =
  | 'original'
  | 'serving'
  | 'promoted'
  | 'rejected'
  | 'pending'
  | 'escalation'
  | 'rollback'
  | 'withdrawal';

export interface LineageNode {
  readonly sequence: number;
  readonly x: number;
  readonly y: number;
  readonly form: NodeForm;
  /** Of the version as it stands now, for example `quarantined`. */
  readonly state: string;
  readonly entry: HistoryEntry | undefined;
}

export interface LineageEdge {
  readonly kind: 'made-from' | 'refused' | 'back';
  readonly path: string;
}

export interface LineageLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

const step = 58;
const left = 40;
/** Rollbacks above, what served in the middle, what did not below; a lane without any takes no room. */
const laneHeight = 60;
const margin = 34;

interface Lanes {
  readonly back: number;
  readonly main: number;
  readonly side: number;
}

/** @param entries any order, without a gap */
export function layOutLineage(
  entries: readonly HistoryEntry[],
  servingSequence: number,
): LineageLayout {
  const sorted = entries.toSorted((a, b) => a.sequence - b.sequence);
  const first = sorted[0]?.sequence ?? 1;
  const forms = sorted.map((entry) => formOf(entry, servingSequence));
  const hasBack = forms.includes('rollback');
  const hasSide = forms.some((form) => laneNameOf(form) === 'side');
  const lanes: Lanes = {
    back: margin,
    main: margin + (hasBack ? laneHeight : 10),
    side: margin + (hasBack ? 2 * laneHeight : 10 + laneHeight),
  };
  const x = (sequence: number) => left + step * (sequence - first + 1);
  const nodes: LineageNode[] = [];
  if (first === 1) {
    const form = servingSequence === 0 ? 'serving' : 'original';
    nodes.push({ sequence: 0, x: x(0), y: lanes.main, form, state: 'original', entry: undefined });
  }
  for (const entry of sorted) {
    const form = formOf(entry, servingSequence);
    const state = entry.kind === 'round' ? entry.state : entry.kind;
    nodes.push({
      sequence: entry.sequence,
      x: x(entry.sequence),
      y: lanes[laneNameOf(form)],
      form,
      state,
      entry,
    });
  }
  const known = new Map(nodes.map((node) => [node.sequence, node]));
  const edges = nodes.flatMap((node): LineageEdge[] => {
    const { entry } = node;
    if (entry === undefined) return [];
    switch (entry.kind) {
      case 'round': {
        // What it was made from may lie further left than the picture goes.
        const from = known.get(entry.parentSequence) ?? { x: 0, y: lanes.main };
        const isRefused = node.form === 'rejected';
        return [{ kind: isRefused ? 'refused' : 'made-from', path: curve(from, node) }];
      }
      case 'rollback': {
        const to = known.get(entry.targetSequence) ?? { x: 0, y: lanes.main };
        return [{ kind: 'back', path: arc(node, to) }];
      }
      case 'escalation': {
        const attempt = known.get(entry.attempts.at(-1) ?? 0);
        return attempt === undefined ? [] : [{ kind: 'refused', path: curve(attempt, node) }];
      }
      case 'withdrawal':
        return [];
      default:
        return entry satisfies never;
    }
  });
  const last = sorted.at(-1)?.sequence ?? 0;
  const height = (hasSide ? lanes.side : lanes.main) + 40;
  return { width: x(last) + left, height, nodes, edges };
}

function formOf(entry: HistoryEntry, servingSequence: number): NodeForm {
  if (entry.kind !== 'round') return entry.kind;
  if (entry.sequence === servingSequence) return 'serving';
  if (entry.wasPromoted) return 'promoted';
  return entry.decision === '' && entry.outcome !== 'fail' ? 'pending' : 'rejected';
}

function laneNameOf(form: NodeForm): keyof Lanes {
  if (form === 'rollback') return 'back';
  return form === 'rejected' || form === 'escalation' || form === 'withdrawal' ? 'side' : 'main';
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Straight along a lane where nothing is in between, else around it. */
function curve(from: Point, to: Point): string {
  if (from.y === to.y && to.x - from.x <= step) return `M${from.x} ${from.y}L${to.x} ${to.y}`;
  if (from.y === to.y) {
    const over = from.y - 34;
    return `M${from.x} ${from.y}C${from.x + 26} ${over} ${to.x - 26} ${over} ${to.x} ${to.y}`;
  }
  const bend = Math.min(step, to.x - from.x);
  return `M${from.x} ${from.y}C${from.x + bend * 0.6} ${from.y} ${to.x - bend * 0.9} ${to.y} ${to.x} ${to.y}`;
}

function arc(from: Point, to: Point): string {
  return `M${from.x} ${from.y}C${from.x - 30} ${from.y - 18} ${to.x} ${from.y - 18} ${to.x} ${to.y - 15}`;
}
