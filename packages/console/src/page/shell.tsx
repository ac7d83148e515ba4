import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { type LiveState, live } from './live.ts';
import { Link, useLocation } from './router.tsx';
import { SessionContext } from './session-context.ts';

interface Place {
  readonly to: string;
  readonly name: string;
  /** Method that one has to be allowed for it. */
  readonly rpc: string;
}

const places: readonly Place[] = [
  { to: '/', name: 'Overview', rpc: 'ReleaseService.listVersions' },
  { to: '/requests', name: 'Requests', rpc: 'RegistryService.listRequests' },
  { to: '/callbacks', name: 'Callbacks', rpc: 'CallbackService.listCallbacks' },
  { to: '/dead-letters', name: 'Dead letters', rpc: 'DeadLetterService.listDeadLetters' },
  { to: '/report', name: 'Report', rpc: 'RequestService.getReport' },
  { to: '/audit-log', name: 'Audit log', rpc: 'EvidenceService.getCheckpoint' },
  { to: '/evidence', name: 'Keys and evidence', rpc: 'EvidenceService.getKeySet' },
];

/** What is around every view: where to go, who looks, whether what is seen is current. */
export function Shell(props: {
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}) {
  const { session } = useContext(SessionContext);
  const { path } = useLocation();
  const [state, setState] = useState<LiveState>(live.state);
  useEffect(() => live.listen({ onState: setState, onChange: () => {} }), []);
  const isCurrent = (to: string) =>
    to === '/' ? path === '/' || path.startsWith('/models/') : path.startsWith(to);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="bar">
        <Link to="/" class="brand">
          <Waves /> Lethe
        </Link>
        <nav aria-label="Views">
          {places
            .filter(({ rpc }) => session.may.includes(rpc))
            .map(({ to, name }) => (
              <Link key={to} to={to} current={isCurrent(to)}>
                {name}
              </Link>
            ))}
        </nav>
        <div class="who">
          <Liveness state={state} />
          {session.kind === 'open' ? (
            <span
              class="quiet"
              title="No identities are configured: whoever reaches this may do everything"
            >
              open to everybody here
            </span>
          ) : (
            <>
              <span>
                <b>{session.name}</b> <span class="quiet">{session.roles.join(', ')}</span>
              </span>
              <button type="button" onClick={props.onSignOut}>
                Sign out
              </button>
            </>
          )}
        </div>
      </header>
      <div role="status">
        {state.kind === 'lost' ? (
          <p class="notice bad">
            The connection to the registry is lost; it is tried again. What you see may be old.
          </p>
        ) : null}
        {state.kind === 'live' && live.page !== '' && live.page !== session.page ? (
          <p class="notice warn">
            Another version of the console is served by now.{' '}
            <button type="button" onClick={() => location.reload()}>
              Load it
            </button>
          </p>
        ) : null}
      </div>
      <main id="main">{props.children}</main>
      <footer class="quiet">
        Lethe {session.version}. Times are UTC. Unlearning is approximate: it is measured here, not
        proven.
      </footer>
    </div>
  );
}

function Liveness({ state }: { readonly state: LiveState }) {
  const names = {
    connecting: 'connecting',
    live: 'live',
    lost: 'offline',
    paused: 'paused',
  } as const;
  return (
    <span class={`liveness ${state.kind}`}>
      <span class="dot" aria-hidden="true" /> {names[state.kind]}
    </span>
  );
}

function Waves() {
  return (
    <svg class="waves" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2 8c3.3-3 6.7-3 10 0s6.7 3 10 0" />
      <path d="M2 13c3.3-3 6.7-3 10 0s6.7 3 10 0" opacity=".65" />
      <path d="M2 18c3.3-3 6.7-3 10 0s6.7 3 10 0" opacity=".35" />
    </svg>
  );
}
