/**
 * Asks over HTTP that a model forgets a subject. No dependency: runs on Node 22, Deno and Bun.
 *   node http.ts BASE_URL MODEL SUBJECT
 */
import { randomUUID } from 'node:crypto';

const [base, modelKey, subject] = process.argv.slice(2);
const token = process.env['LETHE_TOKEN'];
// Made once, and sent again as it is for as long as there is no answer: it counts once.
const request = {
  request_id: randomUUID(),
  emitter: 'shop',
  model_key: modelKey,
  scope: { subject },
  regulation: 'REGULATION_GDPR',
  submitted_time: new Date().toISOString(),
};

for (let attempt = 1; ; attempt++) {
  const answer = await fetch(`${base}/v1/deletions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(30_000),
  }).catch((error: Error) => error);
  if (answer instanceof Response && answer.ok) {
    // Keep the receipt: it says what was promised, signed.
    process.stdout.write(`${await answer.text()}\n`);
    break;
  }
  const mayHelp = answer instanceof Error || answer.status === 429 || answer.status >= 500;
  if (!mayHelp || attempt === 8) {
    throw new Error(answer instanceof Error ? answer.message : await answer.text());
  }
  await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 250 * 2 ** attempt)));
}
