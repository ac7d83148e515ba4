import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { HistoryEntry } from '../../wire/index.ts';
import { count, percent, words } from '../format.ts';
import { links } from '../links.ts';
import { follow } from '../router.tsx';
import { type LineageNode, layOutLineage, type NodeForm } from './lineage-layout.ts';

const radius = 13;

/** The history of a model as a picture: what was made from what, what served, what came undone. */
export function LineagePicture(props: {
  readonly modelKey: string;
  readonly entries: readonly HistoryEntry[];
  readonly servingSequence: number;
}) {
  const { modelKey, entries, servingSequence } = props;
  const layout = useMemo(() => layOutLineage(entries, servingSequence), [entries, servingSequence]);
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The newest is what people come for.
    scroller.current?.scrollTo({ left: layout.width });
  }, [layout.width]);
  return (
    <>
      <div
        class="scroll lineage"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
        tabIndex={0}
        role="region"
        aria-label="Lineage, as a picture"
      >
        <svg
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          role="group"
          aria-label={`Lineage of ${modelKey}: ${count(entries.length, 'entry', 'entries')}, version ${servingSequence} serves`}
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="6"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path class="arrow" d="M0 0L8 4L0 8Z" />
            </marker>
          </defs>
          {layout.edges.map(({ kind, path }) => (
            <path
              key={path}
              class={`edge ${kind}`}
              d={path}
              marker-end={kind === 'back' ? 'url(#arrow)' : undefined}
            />
          ))}
          {layout.nodes.map((node) => (
            <Node key={node.sequence} node={node} modelKey={modelKey} />
          ))}
        </svg>
      </div>
      <ul class="legend">
        {legend
          .filter(([form]) => layout.nodes.some((node) => node.form === form))
          .map(([form, name]) => (
            <li key={form}>
              <svg viewBox="-16 -16 32 32" aria-hidden="true">
                <Shape form={form} />
              </svg>
              {name}
            </li>
          ))}
        {layout.nodes.some(({ state }) => state === 'rolled_back' || state === 'quarantined') ? (
          <li>
            <svg viewBox="-18 -18 36 36" aria-hidden="true">
              <Shape form="promoted" />
              <circle class="halo" r={radius + 4} />
            </svg>
            rolled back, or in quarantine
          </li>
        ) : null}
      </ul>
    </>
  );
}

const legend: readonly (readonly [NodeForm, string])[] = [
  ['serving', 'serves now'],
  ['original', 'the original'],
  ['promoted', 'promoted, served before'],
  ['rejected', 'refused by the gate'],
  ['pending', 'being judged'],
  ['rollback', 'rollback'],
  ['escalation', 'escalated'],
  ['withdrawal', 'request withdrawn'],
];

function Node({ node, modelKey }: { readonly node: LineageNode; readonly modelKey: string }) {
  const label = describe(node);
  const inside = (
    <>
      <title>{label}</title>
      <Shape form={node.form} />
      {node.state === 'quarantined' || node.state === 'rolled_back' || node.state === 'purged' ? (
        <circle class={`halo ${node.state}`} r={radius + 4} />
      ) : null}
      <text class="number" y={radius + 17} text-anchor="middle" aria-hidden="true">
        {node.sequence}
      </text>
    </>
  );
  const place = `translate(${node.x} ${node.y})`;
  if (node.entry?.kind !== 'round') {
    return (
      <g transform={place} class={`node ${node.form}`} role="img" aria-label={label}>
        {inside}
      </g>
    );
  }
  const to = links.round(modelKey, node.sequence);
  return (
    <g transform={place} class={`node ${node.form}`}>
      <a href={to} onClick={(event) => follow(event, to)}>
        {inside}
      </a>
    </g>
  );
}

/** Forms differ, not only colours. */
function Shape({ form }: { readonly form: NodeForm }) {
  switch (form) {
    case 'serving':
      return (
        <g class="shape serving">
          <circle class="ring" r={radius + 3} />
          <circle class="fill" r={radius - 2} />
        </g>
      );
    case 'original':
      return <rect class="shape original" x="-11" y="-11" width="22" height="22" rx="4" />;
    case 'promoted':
      return <circle class="shape promoted" r={radius - 1} />;
    case 'pending':
      return <circle class="shape pending" r={radius - 1} />;
    case 'rejected':
      return (
        <g class="shape rejected">
          <circle r={radius - 1} />
          <path d="M-5 -5L5 5M5 -5L-5 5" />
        </g>
      );
    case 'escalation':
      return <path class="shape escalation" d="M0 -14L14 11L-14 11Z" />;
    case 'rollback':
      return <path class="shape rollback" d="M-11 0L4 -10L4 -4L11 -4L11 4L4 4L4 10Z" />;
    case 'withdrawal':
      return <path class="shape withdrawal" d="M-10 0H10" />;
    default:
      return form satisfies never;
  }
}

function describe({ sequence, entry, form, state }: LineageNode): string {
  if (entry === undefined) return `Version 0, the original${form === 'serving' ? ', serving' : ''}`;
  switch (entry.kind) {
    case 'round':
      return [
        `Round ${sequence}: ${words(state)}`,
        count(entry.requestCount, 'request'),
        count(entry.sampleCount, 'sample'),
        ...(entry.heldOutAccuracy === null ? [] : [`held out ${percent(entry.heldOutAccuracy)}`]),
      ].join(', ');
    case 'rollback':
      return `Entry ${sequence}: rollback to version ${entry.targetSequence} by ${entry.actor}, ${count(entry.reopenedCount, 'request')} open again`;
    case 'escalation':
      return `Entry ${sequence}: ${count(entry.requestCount, 'request')} escalated after ${count(entry.attempts.length, 'attempt')}`;
    case 'withdrawal':
      return `Entry ${sequence}: a request was ${entry.what} by ${entry.actor}`;
    default:
      return entry satisfies never;
  }
}
