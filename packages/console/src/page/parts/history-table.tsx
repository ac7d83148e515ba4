import type { ComponentChildren } from 'preact';
import type { HistoryEntry, RoundEntry } from '../../wire/index.ts';
import { count, percent, words } from '../format.ts';
import { links } from '../links.ts';
import { Link } from '../router.tsx';
import { Badge } from './badge.tsx';
import { DataTable } from './data-table.tsx';
import { Time } from './time.tsx';

const shownReasons = 2;

/** The same as the lineage picture, as a table. */
export function HistoryTable(props: {
  readonly modelKey: string;
  readonly entries: readonly HistoryEntry[];
}) {
  const ofRound =
    (cell: (round: RoundEntry) => ComponentChildren) =>
    (entry: HistoryEntry): ComponentChildren =>
      entry.kind === 'round' ? cell(entry) : null;
  return (
    <DataTable
      label="Log of attempts"
      rows={props.entries}
      keyOf={({ sequence }) => sequence}
      empty="Nothing yet."
      columns={[
        {
          name: '#',
          isNumber: true,
          cell: (entry) =>
            entry.kind === 'round' ? (
              <Link to={links.round(props.modelKey, entry.sequence)}>{entry.sequence}</Link>
            ) : (
              entry.sequence
            ),
        },
        { name: 'what became of it', cell: stateOf },
        { name: 'requests', isNumber: true, cell: ofRound(({ requestCount }) => requestCount) },
        { name: 'samples', isNumber: true, cell: ofRound(({ sampleCount }) => sampleCount) },
        {
          name: 'method',
          cell: ofRound(({ method, ladderStep }) =>
            ladderStep === 0 ? method : `${method}, step ${ladderStep + 1}`,
          ),
        },
        {
          name: 'forget set',
          isNumber: true,
          cell: ofRound(
            ({ forgetAccuracyBefore: from, forgetAccuracyAfter: to }) =>
              `${percent(from, 0)} → ${percent(to, 0)}`,
          ),
        },
        {
          name: 'held out',
          isNumber: true,
          cell: ofRound(({ heldOutAccuracy }) => percent(heldOutAccuracy)),
        },
        { name: 'made', cell: ({ createdTime }) => <Time time={createdTime} /> },
        { name: 'why', cell: (entry) => <span class="why">{whyOf(entry)}</span> },
      ]}
    />
  );
}

function stateOf(entry: HistoryEntry): ComponentChildren {
  switch (entry.kind) {
    case 'round':
      return <Badge state={entry.state} />;
    case 'rollback':
      return <Badge state={`rollback to ${entry.targetSequence}`} tone="warn" />;
    case 'escalation':
      return <Badge state="escalated" />;
    case 'withdrawal':
      return <Badge state={`request ${entry.what}`} tone="quiet" />;
    default:
      return entry satisfies never;
  }
}

function whyOf(entry: HistoryEntry): ComponentChildren {
  switch (entry.kind) {
    case 'round':
      return entry.wasPromoted ? (
        ''
      ) : (
        <Shortened text={entry.explanation || words(entry.decision)} />
      );
    case 'rollback':
      return `${entry.actor}: ${entry.reason}${entry.reopenedCount === 0 ? '' : ` (${count(entry.reopenedCount, 'request')} open again)`}`;
    case 'escalation':
      return entry.reason;
    case 'withdrawal':
      return (
        <>
          {entry.actor}: {entry.reason}{' '}
          <Link to={links.request(entry.requestId, entry.emitter)}>request</Link>
        </>
      );
    default:
      return entry satisfies never;
  }
}

/** A refusal names every check that was not passed; the round's page explains each. */
function Shortened({ text }: { readonly text: string }) {
  const parts = text.split(', ');
  if (parts.length <= shownReasons) return text;
  const rest = parts.length - shownReasons;
  return (
    <span title={text}>
      {parts.slice(0, shownReasons).join(', ')} and {rest} more
    </span>
  );
}
