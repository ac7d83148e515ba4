import { useContext, useEffect, useState } from 'preact/hooks';
import type { CallbackPage, CallbackReplayAsk, CallbackView } from '../../wire/index.ts';
import { ApiError, postJson } from '../api.ts';
import { links } from '../links.ts';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';

const shows = ['failed', 'pending', 'delivered'] as const;
/** Another registry may be the one that sends: what it does is not told here. */
const askAgainMs = 10_000;

/** What emitters were told about their requests, what is on its way, and what was given up. */
export function CallbacksView({ query }: { readonly query: URLSearchParams }) {
  const show = query.get('show') ?? 'failed';
  const page = query.get('page') ?? '';
  const resource = useResource<CallbackPage>(
    `/callbacks?${new URLSearchParams({ show, page })}`,
    ({ kind }) => kind === 'callbacks',
  );
  useEffect(() => {
    const timer = setInterval(() => document.hidden || resource.reload(), askAgainMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <Page
      title="Callbacks"
      lead="What emitters are told when their requests end or need attention: signed, and sent until they have it."
    >
      <nav class="tabs" aria-label="Callbacks by state">
        {shows.map((each) => (
          <Link key={each} to={`/callbacks?show=${each}`} current={each === show}>
            {each}
          </Link>
        ))}
      </nav>
      <Loaded resource={resource}>
        {({ callbacks, next, isConfigured }) => (
          <section class="panel" aria-label="Callbacks found">
            {isConfigured ? null : (
              <p class="quiet note">
                Nobody is called here: no receiver is configured (<code>LETHE_CALLBACKS_FILE</code>
                ).
              </p>
            )}
            <Found callbacks={callbacks} show={show} mayReplay={isConfigured} />
            <div class="buttons start">
              {page === '' ? null : <Link to={`/callbacks?show=${show}`}>First page</Link>}
              {next === '' ? null : (
                <Link to={`/callbacks?${new URLSearchParams({ show, page: next })}`}>
                  Next page
                </Link>
              )}
            </div>
          </section>
        )}
      </Loaded>
    </Page>
  );
}

function Found(props: {
  readonly callbacks: readonly CallbackView[];
  readonly show: string;
  readonly mayReplay: boolean;
}) {
  const { session } = useContext(SessionContext);
  const mayReplay = props.mayReplay && session.may.includes('CallbackService.replayCallback');
  return (
    <DataTable
      label="Callbacks"
      rows={props.callbacks}
      keyOf={({ id }) => id}
      empty={`No callback ${props.show === 'failed' ? 'failed' : `is ${props.show}`}.`}
      columns={[
        { name: 'emitter', cell: ({ emitter }) => emitter },
        {
          name: 'request',
          cell: ({ requestId, emitter }) => (
            <Link to={links.request(requestId, emitter)} title={requestId}>
              <span class="mono">{requestId.slice(0, 13)}…</span>
            </Link>
          ),
        },
        { name: 'told', cell: ({ requestState }) => <Badge state={requestState} /> },
        { name: 'attempts', isNumber: true, cell: ({ attempts }) => attempts },
        { name: 'last', cell: ({ lastAttemptTime: time }) => <Time time={time} plain /> },
        ...(props.show === 'pending'
          ? [
              {
                name: 'next',
                cell: (each: CallbackView) => <Time time={each.nextAttemptTime} plain />,
              },
            ]
          : []),
        { name: 'answer', cell: answerOf },
        ...(mayReplay
          ? [{ name: 'again', cell: (each: CallbackView) => <Replay callback={each} /> }]
          : []),
      ]}
    />
  );
}

function answerOf({ httpStatus, problem }: CallbackView) {
  const status = httpStatus === 0 ? '' : `HTTP ${httpStatus}`;
  return problem === '' || problem === status ? status || '–' : problem;
}

/** Harmless, so nobody is asked twice: receivers know what they have by its id. */
function Replay({ callback }: { readonly callback: CallbackView }) {
  const { onExpired } = useContext(SessionContext);
  const [outcome, setOutcome] = useState<{ isGood: boolean; text: string }>();
  const replay = async () => {
    try {
      const ask: CallbackReplayAsk = { id: callback.id };
      await postJson('/callbacks/replay', ask);
      setOutcome({ isGood: true, text: 'On its way.' });
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 401) onExpired();
      setOutcome({ isGood: false, text: (thrown as Error).message });
    }
  };
  return (
    <>
      <button type="button" onClick={replay}>
        Send again
        <span class="visually-hidden">
          {' '}
          what became of {callback.requestId} to {callback.emitter}
        </span>
      </button>{' '}
      {outcome === undefined ? null : (
        <span class={outcome.isGood ? 'quiet' : 'error'} role={outcome.isGood ? 'status' : 'alert'}>
          {outcome.text}
        </span>
      )}
    </>
  );
}
