import { openBackend } from '@lethe/compute';
import { type Finding, note, ok } from './finding.ts';

/** What would do the arithmetic here, and why nothing better does. */
export async function checkBackend(prefer: 'auto' | 'native' | 'wasm' | 'js'): Promise<Finding[]> {
  const { name, description, absent } = await openBackend({ prefer });
  return [
    ok('backend', `${name}: ${description}`),
    ...absent.map((better) => {
      // "not installed: npm run native:install cpu"
      const [why = '', command = 'npm run native:install'] = better.reason.split(/: (?=npm )/);
      const seen = `${better.name}, which is faster, is absent: ${why}`;
      return note('backend', seen, `To have it: ${command}`);
    }),
  ];
}
