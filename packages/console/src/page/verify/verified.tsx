import { useContext, useEffect, useState } from 'preact/hooks';
import { ApiError, getJson } from '../api.ts';
import { words } from '../format.ts';
import { SessionContext } from '../session-context.ts';
import {
  kindsOfEvidence,
  type PublishedKey,
  type Statement,
  type Verification,
  verifyEvidence,
} from './verify-evidence.ts';

/** Checks bytes as evidence and says what came of it. */
export function Verified({ bytes, name }: { readonly bytes: Uint8Array; readonly name: string }) {
  const { onExpired } = useContext(SessionContext);
  const [outcome, setOutcome] = useState<Verification | { kind: 'failed'; explanation: string }>();
  useEffect(() => {
    let isGone = false;
    setOutcome(undefined);
    const check = async () => {
      const checked = await verifyPublished(bytes).catch((thrown: unknown) => {
        if (thrown instanceof ApiError && thrown.status === 401) onExpired();
        return { kind: 'failed' as const, explanation: (thrown as Error).message };
      });
      if (!isGone) setOutcome(checked);
    };
    void check();
    return () => {
      isGone = true;
    };
  }, [bytes]);
  if (outcome === undefined) return <p role="status">Checking {name} …</p>;
  if (outcome.kind !== 'valid') {
    return (
      <div class="verdict-box bad" role="alert">
        <strong>✕ Not believed: {words(outcome.kind)}</strong>
        <p>
          {name}: {outcome.explanation}.
        </p>
      </div>
    );
  }
  const { statement, keyId } = outcome;
  return (
    <div class="verdict-box good" role="status">
      <strong>✓ Valid: {kindsOfEvidence[statement.predicateType]}</strong>
      <ul class="plain">
        <li>It is a well-formed DSSE envelope with an in-toto statement.</li>
        <li>
          Its Ed25519 signature by key <span class="mono">{keyId.slice(0, 16)}</span>, checked in
          this browser, is that of exactly this content.
        </li>
        <li>The key is in the published key set, and was valid when it signed.</li>
      </ul>
      <Claims statement={statement} />
    </div>
  );
}

async function verifyPublished(bytes: Uint8Array): Promise<Verification> {
  const { keys } = await getJson<{ keys: readonly PublishedKey[] }>('/keys');
  return await verifyEvidence(bytes, keys, new Date());
}

/** What a statement says, field by field. */
function Claims({ statement }: { readonly statement: Statement }) {
  const claims: [string, string][] = [
    ...statement.subject.map(
      ({ name, digest }) => [name, Object.values(digest).join(' ')] as [string, string],
    ),
    ...flat('', statement.predicate),
  ];
  return (
    <details>
      <summary>What it says</summary>
      <dl class="claims">
        {claims.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function flat(prefix: string, value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[prefix, String(value)]];
  return Object.entries(value).flatMap(([name, each]) =>
    flat(prefix === '' ? name : `${prefix}.${name}`, each),
  );
}
