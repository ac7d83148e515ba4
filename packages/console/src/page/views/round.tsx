import { useContext, useState } from 'preact/hooks';
import type { QuarantineAsk, RoundView as Round, VerdictView } from '../../wire/index.ts';
import { postJson } from '../api.ts';
import { count, percent, words } from '../format.ts';
import { links } from '../links.ts';
import { ActionDialog } from '../parts/action-dialog.tsx';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Digest } from '../parts/digest.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page, Section } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { TraceLink } from '../parts/trace-link.tsx';
import { Verdict } from '../parts/verdict.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';

/** One round: what it did, and why the gate let it pass or not, check by check. */
export function RoundView(props: { readonly modelKey: string; readonly sequence: string }) {
  const { session } = useContext(SessionContext);
  const { modelKey, sequence } = props;
  const [isQuarantining, setQuarantining] = useState(false);
  const path = `/models/${encodeURIComponent(modelKey)}`;
  const resource = useResource<Round>(
    `${path}/rounds/${encodeURIComponent(sequence)}`,
    (change) => change.kind === 'model' && change.modelKey === modelKey,
  );
  const mayQuarantine = session.may.includes('ReleaseService.quarantine');
  return (
    <Page
      title={`Round ${sequence} of ${modelKey}`}
      lead={<Link to={links.model(modelKey)}>← Lineage of {modelKey}</Link>}
      aside={
        mayQuarantine ? (
          <button type="button" onClick={() => setQuarantining(true)}>
            Quarantine …
          </button>
        ) : null
      }
    >
      <Loaded resource={resource}>{(round) => <Content round={round} />}</Loaded>
      {isQuarantining ? (
        <ActionDialog
          title={`Quarantine version ${sequence}`}
          confirm="Quarantine"
          isDangerous
          act={async ({ reason, actor }) => {
            const ask: QuarantineAsk = { sequence: Number(sequence), reason };
            await postJson(`${path}/quarantine`, ask, actor);
            return '';
          }}
          onClose={() => {
            setQuarantining(false);
            resource.reload();
          }}
        >
          <p class="quiet">This version can then not be promoted, and nothing rolls back to it.</p>
        </ActionDialog>
      ) : null}
    </Page>
  );
}

function Content({ round }: { readonly round: Round }) {
  const { entry, verdict } = round;
  return (
    <>
      <section class="panel strip" aria-label="What became of it">
        <div>
          <Badge state={entry.state} />
          <p class="big">{verdict === null ? 'Being judged' : headline(verdict)}</p>
          {verdict?.outcome === 'pass' && entry.explanation !== '' ? (
            <p>{entry.explanation}</p>
          ) : null}
        </div>
        <Facts
          facts={[
            ['requests', entry.requestCount],
            ['samples', entry.sampleCount],
            [
              'forget set',
              `${percent(entry.forgetAccuracyBefore, 0)} → ${percent(entry.forgetAccuracyAfter, 0)}`,
            ],
            ['held out', percent(entry.heldOutAccuracy)],
            ['trace', <TraceLink traceId={entry.traceId} />],
          ]}
        />
      </section>
      {verdict === null ? null : <Verdict verdict={verdict} modelKey={round.modelKey} />}
      <Section title="How it was made">
        <Facts
          facts={[
            ['made', <Time time={entry.createdTime} />],
            [
              'made from',
              entry.parentSequence === 0 ? (
                'the original'
              ) : (
                <Link to={links.round(round.modelKey, entry.parentSequence)}>
                  round {entry.parentSequence}
                </Link>
              ),
            ],
            ['method', `${entry.method}, mode ${entry.mode}`],
            ['ladder', `step ${entry.ladderStep + 1}`],
            ['result', words(entry.result)],
            ['steps', entry.steps],
            ['took', entry.seconds === null ? '–' : `${entry.seconds.toFixed(1)} s`],
            ['backend', entry.backend],
            ['seed', round.seed],
            ['decided', <Time time={round.decidedTime} />],
            ['weights', <Digest value={entry.weightsDigest} label="weights digest" />],
            ['manifest', <Digest value={round.manifestDigest} label="manifest digest" />],
          ]}
        />
        <details>
          <summary>Settings of the method</summary>
          <pre>{pretty(round.settings)}</pre>
        </details>
      </Section>
      <Section title="Requests it served">
        <DataTable
          label="Requests of this round"
          rows={round.requests}
          keyOf={({ requestId, emitter }) => `${requestId} ${emitter}`}
          empty="None."
          columns={[
            {
              name: 'request',
              cell: ({ requestId, emitter }) => (
                <Link to={links.request(requestId, emitter)}>
                  <span class="mono">{requestId}</span>
                </Link>
              ),
            },
            { name: 'emitter', cell: ({ emitter }) => emitter },
            { name: 'samples', isNumber: true, cell: ({ samples }) => samples },
            { name: 'part', cell: ({ last }) => (last ? 'last or only one' : 'more to come') },
          ]}
        />
        {entry.requestCount > round.requests.length ? (
          <p class="quiet">
            and {count(entry.requestCount - round.requests.length, 'other request')}.
          </p>
        ) : null}
      </Section>
    </>
  );
}

function headline({ outcome, checks }: VerdictView): string {
  const stopping = checks.filter((check) => check.outcome !== 'pass' && !check.advisory);
  if (outcome === 'pass') return `Passed ${count(checks.length, 'check')}`;
  const what = outcome === 'fail' ? 'Refused' : 'Undecided';
  return `${what}: ${stopping.length} of ${count(checks.length, 'check')} not passed`;
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
