import { Page } from '../parts/page.tsx';
import { Link } from '../router.tsx';

export function NotFoundView({ path }: { readonly path: string }) {
  return (
    <Page title="There is no such page">
      <p>
        Nothing is at <span class="mono">{path.slice(0, 200)}</span>.{' '}
        <Link to="/">Back to the overview</Link>
      </p>
    </Page>
  );
}
