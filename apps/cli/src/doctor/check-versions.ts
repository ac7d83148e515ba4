import { letheVersion } from '@lethe/service-kit';
import { type Finding, ok, problem } from './finding.ts';

const wantedMajor = 22;
const leastMinor = 15;

export async function checkVersions(node = process.versions.node): Promise<Finding[]> {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isWanted = major === wantedMajor && minor >= leastMinor;
  return [
    ok('versions', `Lethe ${letheVersion} on ${process.platform} ${process.arch}`),
    isWanted
      ? ok('versions', `Node ${node}`)
      : problem(
          'versions',
          `Node ${node}; Lethe is tested on ${wantedMajor}.${leastMinor} and later ${wantedMajor}.x`,
          'Run npm ci, which brings the right one, and start lethe through npx or node_modules/.bin.',
        ),
  ];
}
