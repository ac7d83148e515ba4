import { type PlannedRequest, wireRequest } from '../../test/chaos/world.ts';

/** Sends one request in a call of its own. @throws Error when ingest does not take it */
export async function sendRequest(
  url: string,
  request: PlannedRequest,
  submittedTime: string,
): Promise<void> {
  const answer = await fetch(`${url}/v1/deletions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wireRequest(request, submittedTime)),
  });
  if (!answer.ok) throw new Error(`ingest answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
