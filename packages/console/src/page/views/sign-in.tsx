import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, postJson } from '../api.ts';

export function SignInView(props: {
  readonly isExpired: boolean;
  readonly onSignedIn: () => void;
}) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    document.title = 'Sign in · Lethe';
    input.current?.focus();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await postJson('/session', { token });
      setToken('');
      props.onSignedIn();
    } catch (thrown) {
      const { status, message } = thrown as ApiError;
      setProblem(status === 401 ? 'This token is not known here.' : message);
      input.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <h1>Lethe</h1>
        {props.isExpired ? (
          <p class="notice warn" role="status">
            Your session has ended. Sign in again, and you are back where you were.
          </p>
        ) : (
          <p class="quiet">Models, requests and evidence of this installation.</p>
        )}
        <label class="field">
          Token
          <input
            ref={input}
            type="password"
            autocomplete="current-password"
            required
            spellcheck={false}
            value={token}
            aria-describedby="token-help"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="quiet small" id="token-help">
          The one that <code>lethe token</code> made for you. It is not kept in this browser.
        </p>
        {problem === '' ? null : (
          <p class="error" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
