import { useContext, useState } from 'preact/hooks';
import type { RequestView as Request, RequestRow, StatusView } from '../../wire/index.ts';
import { modelName, words } from '../format.ts';
import { links } from '../links.ts';
import { Badge, toneOf } from '../parts/badge.tsx';
import { Certificate } from '../parts/certificate.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { DaysLeft } from '../parts/days-left.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page, Section } from '../parts/page.tsx';
import { RequestAction, type RequestActionKind } from '../parts/request-action.tsx';
import { Time } from '../parts/time.tsx';
import { TraceLink } from '../parts/trace-link.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';

/** One request from submission to its end, and the proof of it. */
export function RequestView(props: { readonly requestId: string; readonly emitter: string }) {
  const { session } = useContext(SessionContext);
  const { requestId, emitter } = props;
  const [action, setAction] = useState<RequestActionKind>();
  const resource = useResource<Request>(
    `/requests/${encodeURIComponent(requestId)}?emitter=${encodeURIComponent(emitter)}`,
    ({ kind }) => kind === 'requests' || kind === 'dead-letters',
  );
  const request = resource.kind === 'ready' ? resource.value : undefined;
  const offered = (
    [
      ['extend', 'Extend the deadline …', 'RequestService.extendDeadline'],
      ['cancel', 'Cancel …', 'RequestService.cancelRequest'],
      ['deny', 'Deny …', 'RequestService.denyRequest'],
    ] as const
  ).filter(
    ([kind, , rpc]) =>
      request?.isOpen === true &&
      session.may.includes(rpc) &&
      // Once is all that the law gives.
      !(kind === 'extend' && request.isExtended),
  );
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
      <Loaded resource={resource}>{(found) => <Content request={found} />}</Loaded>
      {action === undefined || request === undefined ? null : (
        <RequestAction
          action={action}
          request={request}
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
              key={`${status.state} ${status.sequence} ${status.time}`}
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

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
