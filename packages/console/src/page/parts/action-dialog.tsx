import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { SessionContext } from '../session-context.ts';

/** Kept while the page lives: who acts, where nobody is asked who they are. */
let lastActor = '';

export interface ActionInput {
  readonly reason: string;
  /** Empty where it is known who acts. */
  readonly actor: string;
}

/** Asks for a reason, does what was asked for, and says what came of it. */
export function ActionDialog(props: {
  readonly title: string;
  /** What will happen. */
  readonly children?: ComponentChildren;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  /** Text of success; the dialog stays open to show it where it is not empty. @throws ApiError */
  readonly act: (input: ActionInput) => Promise<string>;
  readonly onClose: () => void;
}) {
  const { session, onExpired } = useContext(SessionContext);
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [reason, setReason] = useState('');
  const [actor, setActor] = useState(lastActor);
  const [state, setState] = useState<{ kind: 'asking' | 'busy' | 'done' | 'failed'; text: string }>(
    {
      kind: 'asking',
      text: '',
    },
  );
  useEffect(() => dialog.current?.showModal(), []);
  const isOpenMode = session.kind === 'open';

  const submit = async (event: Event) => {
    event.preventDefault();
    if (state.kind === 'busy') return;
    setState({ kind: 'busy', text: '' });
    lastActor = actor;
    try {
      const text = await props.act({ reason, actor: isOpenMode ? actor : '' });
      if (text === '') props.onClose();
      else setState({ kind: 'done', text });
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 401) onExpired();
      setState({ kind: 'failed', text: (thrown as Error).message });
    }
  };
  return (
    <dialog ref={dialog} class="action" aria-labelledby={`${id}-title`} onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2 id={`${id}-title`}>{props.title}</h2>
        {state.kind === 'done' ? (
          <p role="status">{state.text}</p>
        ) : (
          <>
            {props.children}
            <label class="field">
              Why (stays in the record; name no person)
              <textarea
                required
                maxLength={500}
                rows={3}
                value={reason}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </label>
            {isOpenMode ? (
              <label class="field">
                Your name, for the record (nobody is asked to sign in here)
                <input
                  required
                  pattern="[A-Za-z0-9][A-Za-z0-9._@\-]{0,63}"
                  title="1 to 64 of A–Z, a–z, 0–9, . _ @ -"
                  value={actor}
                  onInput={(event) => setActor(event.currentTarget.value)}
                />
              </label>
            ) : null}
            {state.kind === 'failed' ? (
              <p class="error" role="alert">
                {state.text}
              </p>
            ) : null}
          </>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            {state.kind === 'done' ? 'Close' : 'Cancel'}
          </button>
          {state.kind === 'done' ? null : (
            <button
              type="submit"
              class={props.isDangerous === true ? 'danger' : 'primary'}
              disabled={state.kind === 'busy'}
            >
              {state.kind === 'busy' ? 'Working …' : props.confirm}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
