import type { ProblemDetails } from '../wire/index.ts';

/** What an answer of the registry says when it is no success, or that there was none. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when nothing answered. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The header that other sites cannot send; see the registry's `require-same-site`. */
const ours = { 'x-lethe-console': '1' };

/** @throws ApiError */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(`/api${path}`, signal === undefined ? {} : { signal });
  return (await answer.json()) as T;
}

/** @throws ApiError */
export async function getText(path: string): Promise<string> {
  return await (await ask(`/api${path}`, {})).text();
}

/** @param actor who acts, where nobody is asked who they are @throws ApiError */
export async function postJson<T>(path: string, body: unknown, actor = ''): Promise<T> {
  const answer = await ask(`/api${path}`, {
    method: 'POST',
    headers: {
      ...ours,
      'content-type': 'application/json',
      ...(actor === '' ? {} : { 'x-lethe-actor': actor }),
    },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as T;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (thrown) {
    if ((thrown as Error).name === 'AbortError') throw thrown;
    throw new ApiError(0, 'The registry does not answer.');
  }
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => undefined)) as ProblemDetails | undefined;
  throw new ApiError(answer.status, problem?.detail ?? `HTTP status ${answer.status}`);
}
