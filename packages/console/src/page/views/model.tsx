import { useContext, useMemo, useState } from 'preact/hooks';
import type { History, HistoryEntry, ModelView as Model, ProposalView } from '../../wire/index.ts';
import { count, words } from '../format.ts';
import { links } from '../links.ts';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Digest } from '../parts/digest.tsx';
import { HistoryTable } from '../parts/history-table.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page, Section } from '../parts/page.tsx';
import { RollbackDialog } from '../parts/rollback-dialog.tsx';
import { Time } from '../parts/time.tsx';
import { AccuracyPlots } from '../plots/accuracy-plots.tsx';
import { LineagePicture } from '../plots/lineage-picture.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';

const shownEntries = 60;

export function ModelView({ modelKey }: { readonly modelKey: string }) {
  const { session } = useContext(SessionContext);
  const [before, setBefore] = useState(0);
  const [action, setAction] = useState<{ approves?: ProposalView }>();
  const path = `/models/${encodeURIComponent(modelKey)}`;
  const isMine = (change: { kind: string; modelKey?: string }) => change.modelKey === modelKey;
  const model = useResource<Model>(path, isMine);
  const history = useResource<History>(
    `${path}/history?limit=${shownEntries}&before=${before}`,
    isMine,
  );
  const mayRollBack = session.may.includes('ReleaseService.rollback');
  const entries = history.kind === 'ready' ? history.value.entries : undefined;
  return (
    <Page
      title={modelKey}
      lead="Its lineage: every attempt to forget, what the gate said, and what served."
      aside={
        mayRollBack && entries !== undefined ? (
          <button type="button" onClick={() => setAction({})}>
            Roll back …
          </button>
        ) : null
      }
    >
      <Loaded resource={model}>
        {(value) => (
          <>
            <Summary model={value} />
            <Proposals model={value} onApprove={(approves) => setAction({ approves })} />
          </>
        )}
      </Loaded>
      <Loaded resource={history}>
        {(value) => (
          <Lineage modelKey={modelKey} history={value} before={before} onBefore={setBefore} />
        )}
      </Loaded>
      <Loaded resource={model}>{(value) => <Details model={value} />}</Loaded>
      {action === undefined || model.kind !== 'ready' ? null : (
        <RollbackDialog
          model={model.value}
          entries={entries ?? []}
          approves={action.approves}
          onClose={() => {
            setAction(undefined);
            model.reload();
            history.reload();
          }}
        />
      )}
    </Page>
  );
}

function Summary({ model }: { readonly model: Model }) {
  const { serving, requests, modelKey } = model;
  return (
    <section class="panel strip" aria-label="What serves">
      <div>
        <Badge state="serving" />
        <p class="big">{serving.sequence === 0 ? 'The original' : `Version ${serving.sequence}`}</p>
        <p class="quiet">
          since <Time time={serving.promotedTime} />
        </p>
        {serving.move === 'rollback' ? (
          <p>
            Rolled back by {serving.actor}: “{serving.reason}”
            {serving.override ? ' (by override: completed requests were opened again)' : ''}
          </p>
        ) : null}
      </div>
      <Facts
        facts={[
          [
            'open',
            <Link to={links.requests({ show: 'open', model: modelKey })}>
              {requests.open.toLocaleString('en')}
            </Link>,
          ],
          [
            'overdue',
            <Link to={links.requests({ show: 'overdue', model: modelKey })}>
              {requests.overdue.toLocaleString('en')}
            </Link>,
          ],
          [
            'escalated',
            <Link to={links.requests({ show: 'escalated', model: modelKey })}>
              {requests.escalated.toLocaleString('en')}
            </Link>,
          ],
          [
            'completed',
            <Link to={links.requests({ show: 'completed', model: modelKey })}>
              {requests.completed.toLocaleString('en')}
            </Link>,
          ],
          ['weights', <Digest value={serving.weightsDigest} label="weights digest" />],
          ['generation', serving.generation.toLocaleString('en')],
        ]}
      />
    </section>
  );
}

function Proposals(props: {
  readonly model: Model;
  readonly onApprove: (proposal: ProposalView) => void;
}) {
  const { session } = useContext(SessionContext);
  const { proposals } = props.model;
  if (proposals.length === 0) return null;
  return (
    <Section title="Rollbacks that wait for a second person">
      <ul class="plain">
        {proposals.map((proposal) => (
          <li key={proposal.id} class="proposal">
            <span>
              To version {proposal.sequence}, proposed by <b>{proposal.actor}</b>{' '}
              <Time time={proposal.time} />: “{proposal.reason}”
              {proposal.override ? ' (override)' : ''}
            </span>
            {!session.isApprover ? (
              <span class="quiet">an approver has to agree</span>
            ) : proposal.actor === session.name ? (
              <span class="quiet">somebody else has to approve</span>
            ) : (
              <button type="button" onClick={() => props.onApprove(proposal)}>
                Approve …
              </button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Lineage(props: {
  readonly modelKey: string;
  readonly history: History;
  readonly before: number;
  readonly onBefore: (before: number) => void;
}) {
  const { modelKey, history, before, onBefore } = props;
  // The same array while nothing has changed: the picture is laid out once.
  const entries: readonly HistoryEntry[] = useMemo(() => history.entries, [history]);
  if (entries.length === 0) {
    return (
      <Section title="Lineage">
        <p class="quiet empty">No round has been made yet: the original serves.</p>
      </Section>
    );
  }
  const pages = (
    <div class="buttons">
      {before === 0 ? null : (
        <button type="button" onClick={() => onBefore(0)}>
          Newest
        </button>
      )}
      {history.before === 0 ? null : (
        <button type="button" onClick={() => onBefore(history.before)}>
          Earlier
        </button>
      )}
    </div>
  );
  return (
    <>
      <Section title="Lineage" aside={pages}>
        <LineagePicture
          modelKey={modelKey}
          entries={entries}
          servingSequence={history.servingSequence}
        />
      </Section>
      <Section title="Accuracy over rounds">
        <AccuracyPlots entries={entries} />
      </Section>
      <Section title="Log of attempts" aside={pages}>
        <HistoryTable modelKey={modelKey} entries={entries} />
      </Section>
    </>
  );
}

function Details({ model }: { readonly model: Model }) {
  return (
    <>
      <Section
        title="Moves of the serving pointer"
        note="What served when, newest first. Only a compare-and-set moves it."
      >
        <DataTable
          label="Moves of the serving pointer"
          rows={model.moves}
          keyOf={({ generation }) => generation}
          empty="None."
          columns={[
            { name: 'generation', isNumber: true, cell: ({ generation }) => generation },
            { name: 'version', isNumber: true, cell: ({ sequence }) => sequence },
            { name: 'from', cell: ({ promotedTime }) => <Time time={promotedTime} /> },
            {
              name: 'by',
              cell: ({ move, actor, generation }) =>
                move === 'rollback'
                  ? `rollback, ${actor}`
                  : generation === 1
                    ? 'import'
                    : 'promotion',
            },
            { name: 'reason', cell: ({ reason }) => reason },
            {
              name: 'weights',
              cell: ({ weightsDigest }) => <Digest value={weightsDigest} label="weights digest" />,
            },
          ]}
        />
      </Section>
      <Section title="Servers" note="What reports to run this model.">
        <DataTable
          label="Servers"
          rows={model.servers}
          keyOf={({ server }) => server}
          empty="No server has reported what it runs."
          columns={[
            { name: 'server', cell: ({ server }) => <span class="mono">{server}</span> },
            { name: 'state', cell: ({ state }) => <Badge state={state} /> },
            { name: 'generation', isNumber: true, cell: ({ generation }) => generation },
            { name: 'seen', cell: ({ seenTime }) => <Time time={seenTime} /> },
          ]}
        />
      </Section>
      <Section title="Registration">
        <Facts
          facts={[
            ['registered', <Time time={model.registeredTime} />],
            ['default mode', words(model.mode)],
            [
              'classes',
              `${model.classCount}${model.classNames.length === 0 ? '' : `: ${model.classNames.join(', ')}`}`,
            ],
            [
              'original weights',
              <Digest value={model.originalWeightsDigest} label="digest of the original weights" />,
            ],
            ['topology', <Digest value={model.serving.topologyDigest} label="topology digest" />],
            ...model.evaluationSets.map(
              ({ name, role, size, digest }) =>
                [
                  `${name} set`,
                  <>
                    {count(size, 'sample')}, {role === 'gate' ? 'judges rounds' : 'stops rounds'}{' '}
                    <Digest value={digest} label={`digest of the ${name} set`} />
                  </>,
                ] as const,
            ),
          ]}
        />
      </Section>
    </>
  );
}
