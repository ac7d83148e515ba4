import { useContext } from 'preact/hooks';
import { SessionContext } from '../session-context.ts';

/** To the trace where the registry knows an address for it, else its id. */
export function TraceLink({ traceId }: { readonly traceId: string }) {
  const { session } = useContext(SessionContext);
  if (traceId === '') return <span class="quiet">not traced</span>;
  if (session.traceUrl === '') return <span class="mono">{traceId}</span>;
  return (
    <a
      href={session.traceUrl.replace('{trace_id}', encodeURIComponent(traceId))}
      target="_blank"
      rel="noreferrer"
    >
      <span class="mono">{traceId.slice(0, 12)}</span> (opens the trace)
    </a>
  );
}
