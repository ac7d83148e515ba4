/** Run by a test in a process of its own: rotates the keys of FOLDER, COUNT times, once `go` is there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KeyRing } from '../key-ring.ts';

const [folder = '', count = ''] = process.argv.slice(2);
const ring = KeyRing.open(folder, new Date('2026-01-01T00:00:00.000Z'));
process.stdout.write('ready\n');
while (!existsSync(join(folder, 'go')));
for (let made = 0; made < Number(count); made++) {
  process.stdout.write(`${ring.rotate(new Date('2026-02-01T00:00:00.000Z'))}\n`);
}
