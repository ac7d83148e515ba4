import { useState } from 'preact/hooks';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Digest } from '../parts/digest.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page, Section } from '../parts/page.tsx';
import { SaveButton } from '../parts/save-button.tsx';
import { Time } from '../parts/time.tsx';
import { useResource } from '../use-resource.ts';
import { Verified } from '../verify/verified.tsx';
import type { PublishedKey } from '../verify/verify-evidence.ts';

const maxFileBytes = 4 * 1024 * 1024;

/** The keys that sign, and whether a file is what it claims to be. */
export function EvidenceView() {
  return (
    <Page
      title="Keys and evidence"
      lead="Receipts, certificates, checkpoints: signed statements that anybody can check with these keys."
    >
      <VerifyFile />
      <KeySet />
    </Page>
  );
}

function VerifyFile() {
  const [file, setFile] = useState<{ name: string; bytes: Uint8Array }>();
  const [problem, setProblem] = useState('');
  const take = async (given: File | undefined) => {
    setFile(undefined);
    if (given === undefined) return;
    if (given.size > maxFileBytes) {
      setProblem(`${given.name} has ${given.size} bytes: no evidence is that long.`);
      return;
    }
    setProblem('');
    setFile({ name: given.name, bytes: new Uint8Array(await given.arrayBuffer()) });
  };
  return (
    <Section
      title="Verify a file"
      note="It stays in this browser: its signature is checked here, against the key set below."
    >
      <label
        class="drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        Certificate, receipt or checkpoint: choose it, or drop it here
        <input
          type="file"
          onChange={(event) => {
            const input = event.currentTarget;
            // The same file may be chosen again, changed meanwhile.
            void take(input.files?.[0]).then(() => {
              input.value = '';
            });
          }}
        />
      </label>
      {problem === '' ? null : (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {file === undefined ? null : <Verified bytes={file.bytes} name={file.name} />}
    </Section>
  );
}

function KeySet() {
  const resource = useResource<{ keys: readonly PublishedKey[] }>('/keys', () => false);
  return (
    <Section
      title="Published keys"
      note="Keys are never removed: old evidence needs them. Publish the file where your auditors trust it."
      aside={
        <SaveButton path="/keys" fileName="key-set.json">
          Download the key set
        </SaveButton>
      }
    >
      <Loaded resource={resource}>
        {({ keys }) => (
          <DataTable
            label="Published keys"
            rows={keys}
            keyOf={({ key_id: id }) => id}
            empty="There are none."
            columns={[
              { name: 'key', cell: ({ key_id: id }) => <Digest value={id} label="key id" /> },
              { name: 'state', cell: (key) => <Badge {...stateOf(key)} /> },
              { name: 'signs from', cell: ({ not_before: time }) => <Time time={time} plain /> },
              { name: 'to', cell: ({ not_after: time }) => <Time time={time ?? ''} plain /> },
              {
                name: 'revoked',
                cell: ({ revoked_time: time }) => <Time time={time ?? ''} plain />,
              },
              { name: 'public key (Ed25519)', cell: ({ public_key: key }) => <code>{key}</code> },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

function stateOf(key: PublishedKey): { state: string; tone: 'good' | 'bad' | 'quiet' } {
  if (key.revoked_time !== undefined) {
    return { state: `revoked, ${key.revocation_reason ?? 'compromised'}`, tone: 'bad' };
  }
  const hasRunOut = key.not_after !== undefined && key.not_after < new Date().toISOString();
  return hasRunOut ? { state: 'run out', tone: 'quiet' } : { state: 'signs', tone: 'good' };
}
