import { useContext, useEffect, useState } from 'preact/hooks';
import type { Change } from '../wire/index.ts';
import { ApiError, getJson } from './api.ts';
import { live } from './live.ts';
import { SessionContext } from './session-context.ts';

export type Resource<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  /** `isBusy`: something newer is on its way. */
  | { readonly kind: 'ready'; readonly value: T; readonly isBusy: boolean };

/** Changes that come quickly after one another are asked for together. */
const gatherMs = 150;

/**
 * What the API says under `path`, kept current: asked for anew when something changed that affects
 * it. While that lasts, and while another page of the same is fetched, the former stays.
 */
export function useResource<T>(
  path: string,
  affectedBy: (change: Change) => boolean,
): Resource<T> & { readonly reload: () => void } {
  const { onExpired } = useContext(SessionContext);
  const [resource, setResource] = useState<Resource<T>>({ kind: 'loading' });
  const [asked, setAsked] = useState(0);
  const reload = () => setAsked((count) => count + 1);

  useEffect(() => {
    const gone = new AbortController();
    setResource((before) => (before.kind === 'ready' ? { ...before, isBusy: true } : before));
    getJson<T>(path, gone.signal).then(
      (value) => setResource({ kind: 'ready', value, isBusy: false }),
      (thrown: unknown) => {
        if (gone.signal.aborted) return;
        const error = thrown instanceof ApiError ? thrown : new ApiError(0, String(thrown));
        if (error.status === 401) onExpired();
        // Without an answer, what is there is better than nothing; the notice says that it is old.
        setResource((before) =>
          error.status === 0 && before.kind === 'ready'
            ? { ...before, isBusy: false }
            : { kind: 'failed', error },
        );
      },
    );
    return () => gone.abort();
  }, [path, asked]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = live.listen({
      onState: () => {},
      onChange: (change) => {
        if (change !== undefined && !affectedBy(change)) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          reload();
        }, gatherMs);
      },
    });
    return () => {
      clearTimeout(timer);
      unlisten();
    };
  }, [path]);

  return { ...resource, reload };
}
