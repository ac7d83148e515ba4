import type { ComponentChildren } from 'preact';
import type { Resource } from '../use-resource.ts';

/** A resource once it is there; before, that it is on its way; else, what went wrong. */
export function Loaded<T>(props: {
  readonly resource: Resource<T> & { readonly reload: () => void };
  readonly children: (value: T) => ComponentChildren;
}) {
  const { resource } = props;
  switch (resource.kind) {
    case 'loading':
      return (
        <p class="quiet" role="status">
          Loading …
        </p>
      );
    case 'failed':
      return (
        <div class="panel failed" role="alert">
          <p>{resource.error.message}</p>
          <button type="button" onClick={resource.reload}>
            Try again
          </button>
        </div>
      );
    case 'ready':
      return <div aria-busy={resource.isBusy}>{props.children(resource.value)}</div>;
    default:
      return resource satisfies never;
  }
}
