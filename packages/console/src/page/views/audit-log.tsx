import type { AuditEntryView, AuditPage } from '../../wire/index.ts';
import { count, words } from '../format.ts';
import { links } from '../links.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Digest } from '../parts/digest.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { SaveButton } from '../parts/save-button.tsx';
import { Time } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useResource } from '../use-resource.ts';

const tones: Readonly<Record<string, Tone>> = {
  promotion: 'good',
  refusal: 'bad',
  rollback: 'warn',
  override: 'bad',
  approval: 'info',
  quarantine: 'warn',
  request_escalated: 'bad',
  request_expired: 'bad',
  access_refused: 'warn',
};

/** The end of the hash-chained log of what was decided and done. */
export function AuditLogView({ query }: { readonly query: URLSearchParams }) {
  const before = query.get('before') ?? '';
  const resource = useResource<AuditPage>(
    `/audit-log?${new URLSearchParams({ before, limit: '50' })}`,
    ({ kind }) => kind === 'audit-log' && before === '',
  );
  return (
    <Page
      title="Audit log"
      lead="Every verdict, promotion, rollback, override and purge, each chained to the one before by its hash."
      aside={
        <SaveButton path="/audit-log/checkpoint" fileName="checkpoint.json">
          Download a signed checkpoint
        </SaveButton>
      }
    >
      <Loaded resource={resource}>
        {(page) => (
          <section class="panel" aria-label="Entries">
            <div class="section-head">
              <h2>
                {count(page.size, 'entry', 'entries')}, head{' '}
                <Digest value={page.head} label="hash of the last entry" />
              </h2>
              <div class="buttons">
                {before === '' ? null : <Link to="/audit-log">Newest</Link>}
                {page.before === 0 ? null : (
                  <Link to={`/audit-log?before=${page.before}`}>Earlier</Link>
                )}
              </div>
            </div>
            <DataTable
              label="Entries of the audit log"
              rows={page.entries}
              keyOf={({ index }) => index}
              empty="Nothing has been decided yet."
              columns={[
                { name: '#', isNumber: true, cell: ({ index }) => index },
                { name: 'when', cell: ({ time }) => <Time time={time} plain /> },
                {
                  name: 'what',
                  cell: ({ kind }) => <Badge state={kind} tone={tones[kind] ?? 'quiet'} />,
                },
                { name: 'who', cell: ({ actor }) => actor },
                { name: 'model', cell: modelOf },
                { name: 'details', cell: detailsOf },
                { name: 'hash', cell: ({ hash }) => <Digest value={hash} label="hash" /> },
              ]}
            />
          </section>
        )}
      </Loaded>
    </Page>
  );
}

function modelOf({ modelKey }: AuditEntryView) {
  return modelKey === '' ? '–' : <Link to={links.model(modelKey)}>{modelKey}</Link>;
}

function detailsOf({ details }: AuditEntryView) {
  return (
    <span class="details">
      {Object.entries(details).map(([name, value]) => (
        <span key={name}>
          <span class="quiet">{words(name)}</span>{' '}
          {/^[0-9a-f]{64}$/.test(String(value)) ? (
            <Digest value={String(value)} label={words(name)} />
          ) : (
            String(value)
          )}
        </span>
      ))}
    </span>
  );
}
