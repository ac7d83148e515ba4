import type { CheckView, VerdictView } from '../../wire/index.ts';
import { count, figure, words } from '../format.ts';
import { links } from '../links.ts';
import { IntervalPlot } from '../plots/interval-plot.tsx';
import { Link } from '../router.tsx';
import { Badge, toneOf } from './badge.tsx';
import { Digest } from './digest.tsx';
import { Section } from './page.tsx';
import { Time } from './time.tsx';

/** What the gate found, check by check. */
export function Verdict({
  verdict,
  modelKey,
}: {
  readonly verdict: VerdictView;
  readonly modelKey: string;
}) {
  const { checks } = verdict;
  const isPassed = ({ outcome }: CheckView) => outcome === 'pass';
  return (
    <Section
      title="The verdict, check by check"
      note={
        <>
          Under policy <b>{verdict.policyName || '–'}</b>{' '}
          <Digest value={verdict.policyDigest} label="policy digest" />, against{' '}
          {verdict.servedSequence === 0 ? (
            'the original'
          ) : (
            <Link to={links.round(modelKey, verdict.servedSequence)}>
              version {verdict.servedSequence}
            </Link>
          )}
          , which served then, and the original.{' '}
          {verdict.judgedTime === '' ? null : (
            <>
              Judged <Time time={verdict.judgedTime} />.{' '}
            </>
          )}
          Band: what the policy allows. Line: confidence interval. Dot: the figure.
        </>
      }
    >
      <Checks
        title="What stopped it"
        checks={checks.filter((check) => !isPassed(check) && !check.advisory)}
      />
      <Checks
        title="What could not be decided, and was left to the other checks"
        checks={checks.filter((check) => !isPassed(check) && check.advisory)}
      />
      <Checks title="What it passed" checks={checks.filter(isPassed)} />
      <p class="quiet small">
        Verdict <Digest value={verdict.digest} label="verdict digest" />; evaluation sets{' '}
        {verdict.evaluationSets.map(({ name, digest }) => (
          <span key={name}>
            {name} <Digest value={digest} label={`digest of ${name}`} />{' '}
          </span>
        ))}
      </p>
    </Section>
  );
}

function Checks(props: { readonly title: string; readonly checks: readonly CheckView[] }) {
  if (props.checks.length === 0) return null;
  return (
    <>
      <h3>
        {props.title} <span class="quiet">({props.checks.length})</span>
      </h3>
      <ul class="checks">
        {props.checks.map((check) => (
          <Check key={check.name} check={check} />
        ))}
      </ul>
    </>
  );
}

function Check({ check }: { readonly check: CheckView }) {
  return (
    <li>
      <div class="check-name">
        <Badge state={check.outcome} />{' '}
        {check.advisory ? <span class="quiet">advisory</span> : null}
        <code>{check.name}</code>
      </div>
      <CheckFigure check={check} />
      <div class="check-words">
        <p>
          {check.reason === '' ? null : <b>{words(check.reason)}. </b>}
          {check.explanation}
        </p>
        <p class="quiet small">
          {[
            ...(check.title === '' ? [] : [check.title]),
            ...(check.sampleCount === 0 ? [] : [count(check.sampleCount, 'sample')]),
            ...(check.intervalMethod === '' ? [] : [`interval: ${check.intervalMethod}`]),
            ...(check.adjustedPValue === null || check.intervalMethod === ''
              ? []
              : [`adjusted p ${Number(check.adjustedPValue.toPrecision(2))}`]),
            ...(check.pooledSequences.length === 0
              ? []
              : [`pooled with rounds ${check.pooledSequences.join(', ')}`]),
          ].join(' · ')}
        </p>
      </div>
    </li>
  );
}

function CheckFigure({ check }: { readonly check: CheckView }) {
  const { value, low, high, intervalLow, intervalHigh, plotRange, unit } = check;
  if (
    plotRange === null ||
    value === null ||
    low === null ||
    high === null ||
    intervalLow === null ||
    intervalHigh === null
  ) {
    return <div class="check-figure" />;
  }
  const show = (each: number) => figure(each, unit);
  return (
    <div class="check-figure">
      <IntervalPlot
        value={value}
        interval={[intervalLow, intervalHigh]}
        bounds={[low, high]}
        range={plotRange}
        tone={toneOf(check.outcome)}
        title={`${check.name}: ${show(value)}, interval ${show(intervalLow)} to ${show(intervalHigh)}, allowed ${show(low)} to ${show(high)}`}
      />
      <span class="small">
        <b>{show(value)}</b>{' '}
        <span class="quiet">
          allowed {show(low)} to {show(high)}
        </span>
      </span>
    </div>
  );
}
