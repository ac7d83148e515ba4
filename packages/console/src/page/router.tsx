import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

const listeners = new Set<() => void>();

/** Goes to another view without loading the page again. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace === true) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  for (const listener of listeners) listener();
}

/** Where the page is, kept current. */
export function useLocation(): { readonly path: string; readonly query: URLSearchParams } {
  const [href, setHref] = useState(location.href);
  // Before anybody can follow a link that is there: effects come only after the next frame.
  useLayoutEffect(() => {
    const onMove = () => setHref(location.href);
    listeners.add(onMove);
    addEventListener('popstate', onMove);
    return () => {
      listeners.delete(onMove);
      removeEventListener('popstate', onMove);
    };
  }, []);
  const { pathname, searchParams } = new URL(href);
  return { path: pathname, query: searchParams };
}

/** Follows a link within the page; what opens a tab or window is the browser's. */
export function follow(event: MouseEvent, to: string): void {
  const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!isPlain || event.button !== 0) return;
  event.preventDefault();
  navigate(to);
}

export function Link(props: {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly current?: boolean;
  readonly title?: string;
}) {
  return (
    <a
      href={props.to}
      class={props.class}
      title={props.title}
      aria-current={props.current === true ? 'page' : undefined}
      onClick={(event) => follow(event, props.to)}
    >
      {props.children}
    </a>
  );
}

/** `/models/:model/rounds/:sequence` against a path: what the names stand for. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const parts = path.replace(/\/$/, '').split('/');
  if (path === '/' ? pattern !== '/' : wanted.length !== parts.length) return undefined;
  const names: Record<string, string> = {};
  for (const [at, each] of wanted.entries()) {
    const part = parts[at] ?? '';
    if (each.startsWith(':')) names[each.slice(1)] = decode(part);
    else if (each !== part && path !== '/') return undefined;
  }
  return names;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
