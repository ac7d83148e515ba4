import type { ModelCard, Overview, Problem } from '../../wire/index.ts';
import { count, relative } from '../format.ts';
import { links } from '../links.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Link } from '../router.tsx';
import { useResource } from '../use-resource.ts';

/** What serves, what is due, what is wrong. */
export function OverviewView() {
  const resource = useResource<Overview>('/overview', ({ kind }) => kind !== 'audit-log');
  return (
    <Page title="Overview" lead="What serves, what is due, and what needs somebody.">
      <Loaded resource={resource}>
        {(overview) => (
          <>
            <Problems problems={overview.problems} />
            {overview.models.length === 0 ? (
              <p class="panel empty">
                No model is registered yet. <code>lethe import</code> registers one.
              </p>
            ) : (
              <ul class="cards">
                {overview.models.map((model) => (
                  <Card key={model.modelKey} model={model} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Problems({ problems }: { readonly problems: readonly Problem[] }) {
  if (problems.length === 0) {
    return (
      <p class="all-well">
        <span aria-hidden="true">✓</span> Nothing needs somebody: no request is near or past its
        deadline, nothing is escalated or set aside.
      </p>
    );
  }
  return (
    <section class="panel" aria-label="What needs somebody">
      <h2>{count(problems.length, 'thing')} to look at</h2>
      <ul class="problems">
        {problems.map(({ severity, text, link }) => (
          <li key={text} class={severity === 'critical' ? 'bad' : 'warn'}>
            <span class="sign" aria-hidden="true">
              {severity === 'critical' ? '✕' : '!'}
            </span>
            <span class="visually-hidden">{severity}:</span>
            <Link to={link}>{text}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Card({ model }: { readonly model: ModelCard }) {
  const { modelKey, serving, requests } = model;
  const done = requests.total === 0 ? 0 : (requests.total - requests.open) / requests.total;
  return (
    <li class="card">
      <h2>
        <Link to={links.model(modelKey)}>{modelKey}</Link>
      </h2>
      <p class="serving">
        <span class="version">
          {serving.sequence === 0 ? 'original' : `version ${serving.sequence}`}
        </span>{' '}
        <span class="quiet">
          {movedHow(serving)} {relative(serving.promotedTime)}
        </span>
      </p>
      <dl class="numbers">
        <Figure
          name="open"
          value={requests.open}
          to={links.requests({ show: 'open', model: modelKey })}
        />
        <Figure
          name="overdue"
          value={requests.overdue}
          to={links.requests({ show: 'overdue', model: modelKey })}
          isBad={requests.overdue > 0}
        />
        <Figure
          name="escalated"
          value={requests.escalated}
          to={links.requests({ show: 'escalated', model: modelKey })}
          isBad={requests.escalated > 0}
        />
        <Figure
          name="completed"
          value={requests.completed}
          to={links.requests({ show: 'completed', model: modelKey })}
        />
      </dl>
      <svg class="progress" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="3" />
        <rect class="done" width={(100 * done).toFixed(1)} height="3" />
      </svg>
      <p class="quiet small">
        {requests.nextDeadline === ''
          ? `${count(requests.total, 'request')} in all, none is open`
          : `${count(requests.total, 'request')} in all; next deadline ${relative(requests.nextDeadline)}`}
      </p>
    </li>
  );
}

function Figure(props: {
  readonly name: string;
  readonly value: number;
  readonly to: string;
  readonly isBad?: boolean;
}) {
  return (
    <div class={props.isBad === true ? 'bad' : undefined}>
      <dt>{props.name}</dt>
      <dd>
        <Link to={props.to}>{props.value.toLocaleString('en')}</Link>
      </dd>
    </div>
  );
}

function movedHow({ move, generation }: ModelCard['serving']): string {
  if (move === 'rollback') return 'serves, rolled back to';
  return generation === 1 ? 'serves, registered' : 'serves, promoted';
}
