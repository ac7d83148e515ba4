import { useEffect, useState } from 'preact/hooks';
import type { RequestPage } from '../../wire/index.ts';
import { count, date, modelName, words } from '../format.ts';
import { links } from '../links.ts';
import { Badge } from '../parts/badge.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { DaysLeft } from '../parts/days-left.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Link, navigate } from '../router.tsx';
import { useResource } from '../use-resource.ts';

const shows = [
  'open',
  'overdue',
  'escalated',
  'every',
  'accepted',
  'in_round',
  'reopened',
  'expired',
  'completed',
  'already_forgotten',
  'no_match',
  'duplicate',
  'cancelled',
  'denied',
] as const;

/** Requests of a filter, a page at a time; the address holds both. */
export function RequestsView({ query }: { readonly query: URLSearchParams }) {
  const show = query.get('show') ?? 'open';
  const model = query.get('model') ?? '';
  const page = query.get('page') ?? '';
  const filter = new URLSearchParams({ show, model, page });
  const resource = useResource<RequestPage>(
    `/requests?${filter}`,
    (change) => change.kind === 'requests' && (model === '' || change.modelKey === model),
  );
  return (
    <Page title="Requests" lead={leadOf(show, model)}>
      <Filter show={show} model={model} />
      <Loaded resource={resource}>
        {({ requests, next, total }) => (
          <section class="panel" aria-label="Requests found">
            <div class="section-head">
              <h2>
                <span role="status">{count(total, 'request')}</span>
              </h2>
              <div class="buttons">
                {page === '' ? null : <Link to={links.requests({ show, model })}>First page</Link>}
                {next === '' ? null : (
                  <Link to={links.requests({ show, model, page: next })}>Next page</Link>
                )}
              </div>
            </div>
            <DataTable
              label="Requests"
              rows={requests}
              keyOf={({ requestId, emitter }) => `${requestId} ${emitter}`}
              empty="None: nothing is here that this filter lets through."
              columns={[
                {
                  name: 'request',
                  cell: ({ requestId, emitter }) => (
                    <Link to={links.request(requestId, emitter)} title={requestId}>
                      <span class="mono">{requestId.slice(0, 13)}…</span>
                    </Link>
                  ),
                },
                { name: 'state', cell: ({ state }) => <Badge state={state} /> },
                { name: 'legal clock', cell: (request) => <DaysLeft request={request} /> },
                {
                  name: 'deadline',
                  cell: ({ deadline, isExtended }) =>
                    `${date(deadline)}${isExtended ? ', extended' : ''}`,
                },
                { name: 'law', cell: ({ regulation }) => lawOf(regulation) },
                { name: 'model', cell: ({ modelKey }) => modelName(modelKey) },
                { name: 'emitter', cell: ({ emitter }) => emitter },
                { name: 'samples', isNumber: true, cell: ({ sampleCount }) => sampleCount },
                {
                  name: 'round',
                  isNumber: true,
                  cell: ({ sequence }) => (sequence === 0 ? '–' : sequence),
                },
              ]}
            />
          </section>
        )}
      </Loaded>
    </Page>
  );
}

function Filter({ show, model }: { readonly show: string; readonly model: string }) {
  const [id, setId] = useState('');
  const [key, setKey] = useState(model);
  useEffect(() => setKey(model), [model]);
  return (
    <div class="filter">
      <label class="field">
        Show
        <select
          value={show}
          onChange={(event) => navigate(links.requests({ show: event.currentTarget.value, model }))}
        >
          {shows.map((each) => (
            <option key={each} value={each}>
              {words(each)}
            </option>
          ))}
        </select>
      </label>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          navigate(links.requests({ show, model: key.trim() }));
        }}
      >
        <label class="field">
          Model
          <input
            value={key}
            placeholder="every model"
            spellcheck={false}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
      </form>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (id.trim() !== '') navigate(`/requests/${encodeURIComponent(id.trim())}`);
        }}
      >
        <label class="field">
          Find by id
          <input
            class="mono"
            value={id}
            placeholder="0b4ff9ac-9a2c-4d6f-…"
            spellcheck={false}
            onInput={(event) => setId(event.currentTarget.value)}
          />
        </label>
      </form>
    </div>
  );
}

function leadOf(show: string, model: string): string {
  const order = show === 'open' || show === 'overdue' ? 'nearest deadline first' : 'newest first';
  return `${model === '' ? 'Of every model' : `Of ${model}`}, ${order}.`;
}

function lawOf(regulation: string): string {
  return regulation === 'gdpr' || regulation === 'ccpa'
    ? regulation.toUpperCase()
    : words(regulation).replace('unspecified', '–');
}
