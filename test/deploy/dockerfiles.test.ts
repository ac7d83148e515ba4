import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { versionOf } from '../../scripts/servers/recipe.ts';

const root = new URL('../../', import.meta.url).pathname;
const text = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const node = JSON.parse(text('package.json')).devDependencies.node;

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

function instructionsOf(file: string): readonly Instruction[] {
  const lines = text(file)
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    return name && rest ? [{ name, rest }] : [];
  });
}

describe.each(['deploy/docker/Dockerfile', 'deploy/docker/minio.Dockerfile'])('%s', (file) => {
  const instructions = instructionsOf(file);
  const rests = (wanted: string) =>
    instructions.filter(({ name }) => name === wanted).map(({ rest }) => rest);

  it('copies what there is', () => {
    for (const rest of rests('COPY').filter((each) => !each.startsWith('--from'))) {
      const sources = rest.split(/\s+/).slice(0, -1);
      for (const source of sources)
        expect([source, existsSync(`${root}${source}`)]).toEqual([source, true]);
    }
  });

  it('builds on images of one version, and ends in a small one', () => {
    const images = rests('ARG').flatMap((rest) => /_IMAGE=(.+)$/.exec(rest)?.[1] ?? []);
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/\d|nonroot/);
    expect(images.at(-1)).toMatch(/slim|distroless/);
    for (const rest of rests('FROM')) expect(rest).toMatch(/^\$\{(BUILD|RUN)_IMAGE\}/);
  });

  it('runs as nobody in particular', () => {
    expect(rests('USER')).toEqual(['65532:65532']);
    const [last] = instructions
      .filter(({ name }) => ['USER', 'COPY', 'RUN'].includes(name))
      .slice(-1);
    expect(last?.name).toBe('USER');
  });

  it('fetches nothing but what package managers check', () => {
    for (const rest of rests('RUN')) expect(rest).not.toMatch(/curl|wget|http/);
    expect(rests('ADD')).toEqual([]);
  });
});

it('the image has the Node of this checkout', () => {
  const images = text('deploy/docker/Dockerfile').match(/(?<=^ARG \w+)_IMAGE=node:[\w.-]+/gm);
  expect(images).toEqual([`_IMAGE=node:${node}-bookworm`, `_IMAGE=node:${node}-bookworm-slim`]);
});

it('the store in the cluster is the one that tests run on', () => {
  expect(text('deploy/k8s/components/minio/kustomization.yaml')).toContain(
    `newTag: ${versionOf('minio')}`,
  );
});
