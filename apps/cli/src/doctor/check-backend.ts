import {
  type BackendName,
  type BackendPreference,
  howToInstall,
  openBackend,
} from '@lethe/compute';
import { type Finding, note, ok } from './finding.ts';

/** What would do the arithmetic here, and why nothing better does. */
export async function checkBackend(prefer: BackendPreference): Promise<Finding[]> {
  const { name, description, absent } = await openBackend({ prefer });
  return [
    ok('backend', `${name}: ${description}`),
    ...absent.map((better) => {
      // "not installed: npm run native:install cpu"
      const [why = '', remedy = installOf(better.name)] =
        better.reason.split(/: (?=npm |install |use )/);
      const seen = `${better.name}, which would go first, is absent: ${why}`;
      return note('backend', seen, `To have it: ${remedy}`);
    }),
  ];
}

function installOf(name: BackendName): string {
  if (name.startsWith('webgpu')) return howToInstall('webgpu');
  return howToInstall(name === 'native-gpu' ? 'gpu' : 'cpu');
}
