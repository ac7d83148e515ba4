import { useContext, useState } from 'preact/hooks';
import type {
  ExtendAsk,
  RequestView as Request,
  RequestRow,
  StatusView,
  WithdrawAsk,
} from '../../wire.ts';
import { getText, postJson } from '../api.ts';
import { count, modelName, words } from '../format.ts';
import { links } from '../links.ts';
import { ActionDialog } from '../parts/action-dialog.tsx';
import { Badge, toneOf } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { DaysLeft } from '../parts/days-left.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page, Section } from '../parts/page.tsx';
import { SaveButton } from '../parts/save-button.tsx';
import { Time } from '../parts/time.tsx';
import { TraceLink } from '../parts/trace-link.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';
import { Verified } from '../verify/verified.tsx';

type Action = 'cancel' | 'deny' | 'extend';

/** One request from submission to its end, and the proof of it. */
export function RequestView(props: { readonly requestId: string; readonly emitter: string }) {
  const { session } = useContext(SessionContext);
  const { requestId, emitter } = props;
  const [action, setAction] = useState<Action>();
  const resource = useResource<Request>(
    `/requests/${encodeURIComponent(requestId)}?emitter=${encodeURIComponent(emitter)}`,
    ({ kind }) => kind === 'requests' || kind === 'dead-letters',
  );
  const isOpen = resource.kind === 'ready' && resource.value.isOpen;
  const offered = (
    [
      ['extend', 'Extend the deadline …', 'RequestService.extendDeadline'],
      ['cancel', 'Cancel …', 'RequestService.cancelRequest'],
      ['deny', 'Deny …', 'RequestService.denyRequest'],
    ] as const
  ).filter(([, , rpc]) => isOpen && session.may.includes(rpc));
  return (
    <Page
      title={`Request ${requestId}`}
      lead={<Link to="/requests">← All requests</Link>}
      aside={
        <div class="buttons">
          {offered.map(([kind, name]) => (
            <button key={kind} type="button" onClick={() => setAction(kind)}>
              {name}
            </button>
          ))}
        </div>
      }
    >
      <Loaded resource={resource}>{(request) => <Content request={request} />}</Loaded>
      {action === undefined || resource.kind !== 'ready' ? null : (
        <RequestAction
          action={action}
          request={resource.value}
          onClose={() => {
            setAction(undefined);
            resource.reload();
          }}
        />
      )}
    </Page>
  );
}

function Content({ request }: { readonly request: Request }) {
  const { session } = useContext(SessionContext);
  return (
    <>
      <section class="panel strip" aria-label="Where it stands">
        <div>
          <Badge state={request.state} />
          <p class="big">
            {request.isOpen ? (
              <DaysLeft request={request} />
            ) : (
              capital(request.detail || words(request.state))
            )}
          </p>
          {request.isOpen && request.detail !== '' ? <p>{request.detail}</p> : null}
        </div>
        <Facts
          facts={[
            [
              'model',
              session.may.includes('ReleaseService.listVersions') && request.modelKey !== '*' ? (
                <Link to={links.model(request.modelKey)}>{request.modelKey}</Link>
              ) : (
                modelName(request.modelKey)
              ),
            ],
            ['emitter', request.emitter],
            ['law', request.regulation.toUpperCase()],
            ['samples', request.sampleCount],
            ['submitted', <Time time={request.submittedTime} />],
            [
              'deadline',
              <>
                <Time time={request.deadline} />
                {request.isExtended ? ' (extended)' : ''}
              </>,
            ],
            ...(request.parentRequestId === ''
              ? []
              : [
                  [
                    'part of',
                    <Link to={links.request(request.parentRequestId, request.emitter)}>
                      a request over several models
                    </Link>,
                  ] as const,
                ]),
            ...(request.followsRequestId === ''
              ? []
              : [
                  [
                    'the same as',
                    <Link to={links.request(request.followsRequestId, request.emitter)}>
                      an earlier request
                    </Link>,
                  ] as const,
                ]),
            ['trace', <TraceLink traceId={request.traceId} />],
          ]}
        />
      </section>
      {request.models.length === 0 ? null : <InEachModel models={request.models} />}
      <Section title="Certificate">
        {request.hasCertificate ? (
          <Certificate request={request} />
        ) : (
          <p class="quiet empty">
            {request.models.length > 0
              ? 'Each of its parts has one of its own.'
              : request.isOpen
                ? 'One is signed when the promotion of a model that has forgotten its last sample was observed.'
                : 'It ended without one: certificates are for what a round has forgotten.'}
          </p>
        )}
      </Section>
      <Section title="What happened">
        <ol class="timeline">
          {request.history.map((status) => (
            <Status
              key={`${status.state} ${status.sequence}`}
              status={status}
              modelKey={request.modelKey}
            />
          ))}
        </ol>
      </Section>
      {request.deadLetters.length === 0 ? null : (
        <Section
          title="Dead letters"
          note="While one is open nothing happens with the request, and its clock runs on."
        >
          <ul class="plain">
            {request.deadLetters.map((letter) => (
              <li key={letter.id}>
                <Badge state={letter.state} /> <span class="mono">{letter.id}</span>:{' '}
                {letter.reason} <Link to="/dead-letters">Dead letters</Link>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

/** A request over several models is done when it is in all of them. */
function InEachModel({ models }: { readonly models: readonly RequestRow[] }) {
  return (
    <Section title="In each model">
      <DataTable
        label="Parts by model"
        rows={models}
        keyOf={({ modelKey }) => modelKey}
        empty="None."
        columns={[
          { name: 'model', cell: ({ modelKey }) => modelKey },
          { name: 'state', cell: ({ state }) => <Badge state={state} /> },
          {
            name: 'part',
            cell: ({ requestId, emitter }) => (
              <Link to={links.request(requestId, emitter)}>
                <span class="mono">{requestId}</span>
              </Link>
            ),
          },
          { name: 'samples', isNumber: true, cell: ({ sampleCount }) => sampleCount },
        ]}
      />
    </Section>
  );
}

function Certificate({ request }: { readonly request: Request }) {
  const [bytes, setBytes] = useState<Uint8Array>();
  const [problem, setProblem] = useState('');
  const path = `/requests/${encodeURIComponent(request.requestId)}/certificate?emitter=${encodeURIComponent(request.emitter)}`;
  const verify = async () => {
    try {
      setBytes(new TextEncoder().encode(await getText(path)));
      setProblem('');
    } catch (thrown) {
      setProblem((thrown as Error).message);
    }
  };
  return (
    <>
      <p class="quiet note">
        A signed statement of what was forgotten, by which rounds, and what the gate found. It can
        be checked without Lethe, by anybody who has the published keys.
      </p>
      <div class="buttons start">
        <button type="button" class="primary" onClick={verify}>
          Verify it here
        </button>
        <SaveButton path={path} fileName={`certificate-${request.requestId}.json`}>
          Download
        </SaveButton>
      </div>
      {problem === '' ? null : (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {bytes === undefined ? null : <Verified bytes={bytes} name="the certificate" />}
    </>
  );
}

function Status({ status, modelKey }: { readonly status: StatusView; readonly modelKey: string }) {
  return (
    <li class={toneOf(status.state)}>
      <p>
        <b>{status.state === 'in_round' ? 'being judged' : words(status.state)}</b>
        {status.sequence === 0 || modelKey === '*' ? null : (
          <>
            {' in '}
            <Link to={links.round(modelKey, status.sequence)}>round {status.sequence}</Link>
          </>
        )}
      </p>
      {status.detail === '' ? null : <p>{status.detail}</p>}
      <p class="small">
        <Time time={status.time} />
      </p>
    </li>
  );
}

function RequestAction(props: {
  readonly action: Action;
  readonly request: Request;
  readonly onClose: () => void;
}) {
  const { action, request, onClose } = props;
  const [notice, setNotice] = useState(new Date().toISOString().slice(0, 10));
  const words = {
    cancel: ['Cancel the request', 'Its emitter takes it back: it will not be carried out.'],
    deny: ['Deny the request', 'It must not be carried out, for a reason that the law allows.'],
    extend: ['Extend the deadline', 'Once, before it has passed, when the person was told why.'],
  } as const;
  const [title, what] = words[action];
  return (
    <ActionDialog
      title={title}
      confirm={title}
      isDangerous={action !== 'extend'}
      act={async ({ reason, actor }) => {
        const { requestId, emitter } = request;
        const ask: WithdrawAsk = { requestId, emitter, reason };
        const body: WithdrawAsk | ExtendAsk =
          action === 'extend' ? { ...ask, noticeTime: `${notice}T00:00:00Z` } : ask;
        await postJson(`/requests/${action}`, body, actor);
        return '';
      }}
      onClose={onClose}
    >
      <p class="quiet">
        {what} It names {count(request.sampleCount, 'sample')}.
      </p>
      {action === 'extend' ? (
        <label class="field">
          The person was told on
          <input
            type="date"
            required
            value={notice}
            onInput={(event) => setNotice(event.currentTarget.value)}
          />
        </label>
      ) : null}
    </ActionDialog>
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
