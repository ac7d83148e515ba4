import { useContext, useState } from 'preact/hooks';
import type {
  DeadLetterAnswer,
  DeadLetterAsk,
  DeadLetterPage,
  DeadLetterView,
} from '../../wire/index.ts';
import { postJson } from '../api.ts';
import { count, words } from '../format.ts';
import { links } from '../links.ts';
import { ActionDialog } from '../parts/action-dialog.tsx';
import { Badge } from '../parts/badge.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Facts, Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { SessionContext } from '../session-context.ts';
import { useResource } from '../use-resource.ts';

const shows = ['open', 'replayed', 'dropped'] as const;

/** Records that no retry could help, and what people decided about them. */
export function DeadLettersView({ query }: { readonly query: URLSearchParams }) {
  const show = query.get('show') ?? 'open';
  const page = query.get('page') ?? '';
  const [action, setAction] = useState<{ kind: 'replay' | 'drop'; letter: DeadLetterView }>();
  const resource = useResource<DeadLetterPage>(
    `/dead-letters?${new URLSearchParams({ show, page })}`,
    ({ kind }) => kind === 'dead-letters',
  );
  return (
    <Page
      title="Dead letters"
      lead="Records that no retry could help. Each is decided once, on record; the legal clock of a request in one runs on."
    >
      <nav class="tabs" aria-label="Dead letters by state">
        {shows.map((each) => (
          <Link key={each} to={`/dead-letters?show=${each}`} current={each === show}>
            {each}
          </Link>
        ))}
      </nav>
      <Loaded resource={resource}>
        {(found) => (
          <>
            <p role="status" class="quiet">
              {found.openCount === 0
                ? 'None is open.'
                : `${count(found.openCount, 'letter')} open, ${count(found.openRequestCount, 'deletion request')} in them.`}
            </p>
            {found.deadLetters.length === 0 ? (
              <p class="panel quiet empty">No dead letter is {show}.</p>
            ) : (
              <ul class="letters">
                {found.deadLetters.map((letter) => (
                  <Letter
                    key={letter.id}
                    letter={letter}
                    onDecide={(kind) => setAction({ kind, letter })}
                  />
                ))}
              </ul>
            )}
            {found.next === '' ? null : (
              <Link to={`/dead-letters?${new URLSearchParams({ show, page: found.next })}`}>
                Next page
              </Link>
            )}
          </>
        )}
      </Loaded>
      {action === undefined ? null : (
        <Decide
          {...action}
          onClose={() => {
            setAction(undefined);
            resource.reload();
          }}
        />
      )}
    </Page>
  );
}

function Letter(props: {
  readonly letter: DeadLetterView;
  readonly onDecide: (kind: 'replay' | 'drop') => void;
}) {
  const { session } = useContext(SessionContext);
  const { letter, onDecide } = props;
  const mayDecide =
    letter.state === 'open' && session.may.includes('DeadLetterService.dropDeadLetter');
  return (
    <li class="panel">
      <div class="section-head">
        <h2 class="mono">{letter.id}</h2>
        <Badge state={letter.state} />
      </div>
      <p>{letter.reason}</p>
      <Facts
        facts={[
          ['set aside', <Time time={letter.time} />],
          ['by', `${letter.stage}, attempt ${letter.attempt}`],
          ['error', words(letter.errorClass)],
          ['size', `${count(letter.sizeBytes, 'byte')}${letter.hasBody ? '' : ', left out'}`],
          ...(letter.modelKey === '' ? [] : [['model', letter.modelKey] as const]),
          ...(letter.requestId === ''
            ? []
            : [
                [
                  'request',
                  <Link to={links.request(letter.requestId, letter.emitter)}>
                    <span class="mono">{letter.requestId}</span>
                  </Link>,
                ] as const,
              ]),
          ...(letter.deadline === ''
            ? []
            : [['legal deadline', <Time time={letter.deadline} />] as const]),
          ...(letter.decidedBy === ''
            ? []
            : [
                [
                  'decided',
                  <>
                    {letter.decidedBy} <Time time={letter.decidedTime} />: “{letter.decisionReason}”
                  </>,
                ] as const,
              ]),
        ]}
      />
      {mayDecide ? (
        <div class="buttons start">
          <button type="button" onClick={() => onDecide('replay')}>
            Replay …
          </button>
          <button type="button" onClick={() => onDecide('drop')}>
            Drop …
          </button>
        </div>
      ) : null}
    </li>
  );
}

function Decide(props: {
  readonly kind: 'replay' | 'drop';
  readonly letter: DeadLetterView;
  readonly onClose: () => void;
}) {
  const { kind, letter } = props;
  const [outOfOrder, setOutOfOrder] = useState(false);
  return (
    <ActionDialog
      title={kind === 'replay' ? 'Send it again' : 'Leave it at that'}
      confirm={kind === 'replay' ? 'Replay' : 'Drop'}
      isDangerous={kind === 'drop'}
      act={async ({ reason, actor }) => {
        const ask: DeadLetterAsk = { id: letter.id, reason, outOfOrder };
        const { already, note } = await postJson<DeadLetterAnswer>(
          `/dead-letters/${kind}`,
          ask,
          actor,
        );
        return already ? 'It had been decided before: nothing was done now.' : note;
      }}
      onClose={props.onClose}
    >
      <p class="mono small">{letter.id}</p>
      <p class="quiet">
        {kind === 'replay'
          ? 'The original goes to its topic again, after everything written since.'
          : letter.deadline === ''
            ? 'Nothing more happens with it.'
            : 'The deletion request in it is not done: it stays open, and its legal clock runs on.'}
      </p>
      {kind === 'replay' ? (
        <label class="check">
          <input
            type="checkbox"
            checked={outOfOrder}
            onChange={(event) => setOutOfOrder(event.currentTarget.checked)}
          />
          Although an earlier record of the same key waits
        </label>
      ) : null}
    </ActionDialog>
  );
}
