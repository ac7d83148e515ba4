import type { Route } from './routes/route.ts';

/** The first route of a path, and what its `:names` stand for. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly path: Readonly<Record<string, string>> } | undefined {
  const parts = path.split('/');
  for (const route of routes) {
    if (route.method !== method) continue;
    const names = namesOf(route.path.split('/'), parts);
    if (names !== undefined) return { route, path: names };
  }
  return undefined;
}

function namesOf(
  pattern: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const names: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const part = decoded(parts[at] ?? '');
    if (part === undefined) return undefined;
    if (expected.startsWith(':')) names[expected.slice(1)] = part;
    else if (expected !== part) return undefined;
  }
  return names;
}

/** `undefined` for what is no percent-encoding. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
