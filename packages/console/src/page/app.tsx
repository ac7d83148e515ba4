import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../wire/index.ts';
import { getJson, postJson } from './api.ts';
import { live } from './live.ts';
import { match, useLocation } from './router.tsx';
import { SessionContext } from './session-context.ts';
import { Shell } from './shell.tsx';
import { AuditLogView } from './views/audit-log.tsx';
import { CallbacksView } from './views/callbacks.tsx';
import { DeadLettersView } from './views/dead-letters.tsx';
import { EvidenceView } from './views/evidence.tsx';
import { ModelView } from './views/model.tsx';
import { NotFoundView } from './views/not-found.tsx';
import { OverviewView } from './views/overview.tsx';
import { ReportView } from './views/report.tsx';
import { RequestView } from './views/request.tsx';
import { RequestsView } from './views/requests.tsx';
import { RoundView } from './views/round.tsx';
import { SignInView } from './views/sign-in.tsx';

const retryMs = 2_000;

/** Who looks, then what they look at. */
export function App() {
  const [session, setSession] = useState<Session>();
  const [isExpired, setExpired] = useState(false);

  const ask = async () => {
    try {
      const found = await getJson<Session>('/session');
      setExpired((was) => (found.kind === 'unknown' ? was : false));
      setSession(found);
    } catch {
      // Nothing answers: the page waits for the registry to come back.
      setTimeout(ask, retryMs);
    }
  };
  const onExpired = async () => {
    const found = await getJson<Session>('/session').catch(() => undefined);
    if (found?.kind !== 'unknown') return;
    setExpired(true);
    setSession(found);
  };
  const signOut = async () => {
    await postJson('/session/end', {}).catch(() => {});
    setExpired(false);
    await ask();
  };
  useEffect(() => {
    void ask();
    live.onRefused = () => void onExpired();
  }, []);
  const isIn = session !== undefined && session.kind !== 'unknown';
  useEffect(() => {
    if (!isIn) return;
    live.start();
    return () => live.stop();
  }, [isIn]);

  if (session === undefined) {
    return (
      <p class="waiting" role="status">
        Waiting for the registry …
      </p>
    );
  }
  if (!isIn) return <SignInView isExpired={isExpired} onSignedIn={ask} />;
  return (
    <SessionContext.Provider value={{ session, onExpired: () => void onExpired() }}>
      <Shell onSignOut={signOut}>
        <Routes session={session} />
      </Shell>
    </SessionContext.Provider>
  );
}

function Routes({ session }: { readonly session: Session }) {
  const { path, query } = useLocation();
  const mayOverview = session.may.includes('RegistryService.listModels');
  const seesModels = mayOverview && session.may.includes('ReleaseService.listVersions');
  if (match('/', path)) {
    // Who sends requests sees those, and nothing else.
    return seesModels ? <OverviewView /> : <RequestsView query={query} />;
  }
  const model = match('/models/:model', path);
  if (model) return <ModelView key={path} modelKey={model['model'] ?? ''} />;
  const round = match('/models/:model/rounds/:sequence', path);
  if (round) {
    const { model: modelKey = '', sequence = '' } = round;
    return <RoundView key={path} modelKey={modelKey} sequence={sequence} />;
  }
  if (match('/requests', path)) return <RequestsView query={query} />;
  const request = match('/requests/:id', path);
  if (request) {
    const id = request['id'] ?? '';
    return <RequestView key={path} requestId={id} emitter={query.get('emitter') ?? ''} />;
  }
  if (match('/callbacks', path)) return <CallbacksView key={`${query}`} query={query} />;
  if (match('/report', path)) return <ReportView query={query} />;
  if (match('/dead-letters', path)) return <DeadLettersView query={query} />;
  if (match('/audit-log', path)) return <AuditLogView query={query} />;
  if (match('/evidence', path)) return <EvidenceView />;
  return <NotFoundView path={path} />;
}
