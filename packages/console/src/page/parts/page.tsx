import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** A view with its heading; screen readers and the keyboard begin there after a move. */
export function Page(props: {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  /** Below it. */
  readonly lead?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  // With the view, not a frame later: whoever is already on the way keeps the focus.
  useLayoutEffect(() => {
    document.title = `${props.title} · Lethe`;
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [props.title]);
  return (
    <>
      <header class="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.lead === undefined ? null : <p class="lead">{props.lead}</p>}
        </div>
        <div class="page-aside">{props.aside}</div>
      </header>
      {props.children}
    </>
  );
}

export function Section(props: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <div class="section-head">
        <h2>{props.title}</h2>
        {props.aside}
      </div>
      {props.note === undefined ? null : <p class="quiet note">{props.note}</p>}
      {props.children}
    </section>
  );
}

export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [string, ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
