import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topics } from '@lethe/contracts';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const found = (...patterns: string[]) =>
  globSync(patterns, { cwd: root, exclude: (name) => ['node_modules', 'dist'].includes(name) });

/** `packages/bus`, `services/ingest`, … */
const rooms = found('{packages,services,apps}/*/package.json').map((path) =>
  path.split('/').slice(0, 2).join('/'),
);
const isShipped = (path: string) => !/\.test\.tsx?$|\/testing\//.test(path);
const sources = new Map(
  rooms.map((room) => [room, found(`${room}/src/**/*.{ts,tsx}`).filter(isShipped).map(read)]),
);

/** Rooms that the shipped code of a room imports. */
function importsOf(room: string): string[] {
  const names = (sources.get(room) ?? []).flatMap((text) =>
    [...text.matchAll(/(?:from|import\() ?'@lethe\/([a-z-]+)/g)].map(([, name]) => name as string),
  );
  return [...new Set(names)].sort().map((name) => {
    const imported = rooms.find((each) => each.endsWith(`/${name}`));
    if (imported === undefined) throw new Error(`${room} imports @lethe/${name}, which is no room`);
    return imported;
  });
}

describe('docs/architecture.md', () => {
  const floors = new Map(
    [...page.matchAll(/^(\d) {2}((?:packages|services|apps)\/.+)$/gm)].flatMap(
      ([, floor, names = '']) => names.split(/ +/).map((room) => [room, Number(floor)] as const),
    ),
  );

  it('puts every room on a floor, and imports lead down only', () => {
    expect([...floors.keys()].sort()).toEqual(rooms.toSorted());
    const upwards = rooms.flatMap((room) =>
      importsOf(room)
        .filter((imported) => !(floors.get(imported)! < floors.get(room)!))
        .map((imported) => `${room} imports ${imported}`),
    );
    expect(upwards).toEqual([]);
  });

  it('is about rooms that declare no other room for nothing', () => {
    const idle = rooms.flatMap((room) => {
      const { dependencies = {} } = JSON.parse(read(`${room}/package.json`));
      const texts = found(`${room}/src/**/*.{ts,tsx}`).map(read);
      return Object.keys(dependencies)
        .filter((name) => name.startsWith('@lethe/'))
        .filter((name) => !texts.some((text) => text.includes(name)))
        .map((name) => `${room} declares ${name}`);
    });
    expect(idle).toEqual([]);
  });

  it('says who writes and who reads each topic', () => {
    const uses = (pattern: RegExp, key: string) =>
      rooms
        .filter((room) => room.startsWith('services/'))
        .filter((room) =>
          sources.get(room)?.some((text) => [...text.matchAll(pattern)].some(([, x]) => x === key)),
        )
        .map((room) => room.replace('services/', ''));
    const writing = /(?:encodeEvent\(\s*|topic: )topics\.(\w+)/g;
    const reading = /topics: \[.*\btopics\.(\w+)/g;
    const inCode = Object.entries(topics).map(([key, { name }]) => ({
      name,
      writers: uses(writing, key).sort(),
      readers: uses(reading, key).sort(),
    }));
    const services = (cell = '') => cell.split(', ').filter((each) => each !== 'emitters');
    const onPage = [...page.matchAll(/^\| `([a-z.-]+\.v1)` \| (.+) \| (.+) \|$/gm)].map(
      ([, name, writers, readers]) => ({
        name,
        writers: services(writers),
        readers: services(readers),
      }),
    );
    expect(onPage).toEqual(inCode);
  });

  it('has every room and top folder on its map, and nothing else', () => {
    const map = /^proto\/lethe\/v1 [\s\S]*?^```/m.exec(page)?.[0] ?? '';
    const names = [...map.matchAll(/^([\w./*-]+) {2,}/gm)].map(([, name]) => name as string);
    const folders = found('*/').filter((each) => existsSync(join(root, each, '.')));
    const wanted = [
      ...rooms.filter((room) => !room.startsWith('services/')),
      ...['services/*', 'proto/lethe/v1'],
      ...folders.filter((each) =>
        ['deploy', 'examples', 'scripts', 'bench', 'test'].includes(each),
      ),
    ];
    expect(names.toSorted()).toEqual(wanted.toSorted());
  });
});

describe('the house', () => {
  it('exports no function, class or constant that nobody else uses', () => {
    const files = found(
      '{packages,services,apps,bench,scripts,test,examples}/**/*.{ts,tsx,js}',
    ).filter((path) => !/\/gen\/|\.d\.ts$/.test(path));
    const usedIn = new Map<string, Set<string>>();
    const exported: { path: string; name: string }[] = [];
    for (const path of files) {
      const text = read(path);
      for (const word of new Set(text.match(/\w+/g))) {
        usedIn.set(word, (usedIn.get(word) ?? new Set()).add(path));
      }
      for (const [, name = ''] of text.matchAll(
        /^export (?:async )?(?:function\*?|(?:abstract )?class|const) (\w+)/gm,
      )) {
        exported.push({ path, name });
      }
    }
    // What vitest calls by its name.
    const isHook = (name: string) => name === 'setup';
    const unused = exported.filter(({ name }) => usedIn.get(name)?.size === 1 && !isHook(name));
    expect(unused).toEqual([]);
  });
});
