import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { letheVersion } from '@lethe/service-kit/config';
import { describe, expect, it } from 'vitest';
import { bashCompletion } from './completion/bash.ts';
import { type CommandNode, commandTree, everyNode } from './completion/command-tree.ts';
import { fishCompletion } from './completion/fish.ts';
import { manPage } from './completion/man-page.ts';
import { zshCompletion } from './completion/zsh.ts';
import { createOutput } from './output/output.ts';
import { createProgram } from './program.ts';

const root = commandTree(createProgram(createOutput({ json: false }), { exitCode: 0 }));
const nodes = [...everyNode(root)].slice(1);

/** Names of the commands that break a rule. */
const breaking = (breaks: (node: CommandNode) => boolean) =>
  nodes.filter(breaks).map(({ path }) => path);

describe('the grammar of the command line', () => {
  it('has a summary for every command, without a full stop', () => {
    expect(breaking(({ summary }) => summary === '' || /\.$/.test(summary))).toEqual([]);
    expect(breaking(({ summary }) => /^[A-Z][a-z]/.test(summary))).toEqual([]);
  });

  it('describes commands in sentences', () => {
    const isSentence = (text: string) => /^[A-Z]/.test(text) && /[.:/>]?\S$/.test(text);
    expect(
      breaking(({ description, summary }) => description !== summary && !isSentence(description)),
    ).toEqual([]);
  });

  it('says what every option means, in words that go on from its name', () => {
    const bad = [...everyNode(root)].flatMap(({ path, options }) =>
      options.flatMap(({ flag, description }) => (description === '' ? [`${path} ${flag}`] : [])),
    );
    expect(bad).toEqual([]);
  });

  it('says what every argument is', () => {
    expect(breaking(({ args }) => args.some(({ description }) => description === ''))).toEqual([]);
  });

  it('marks the options that a command needs', () => {
    const program = createProgram(createOutput({ json: false }), { exitCode: 0 });
    const help = program.commands.find((each) => each.name() === 'token')?.helpInformation();
    expect(help).toMatch(/--out <file> .*must be a new file\s+\(required\)/);
  });

  it('writes names in kebab-case, and values in angle brackets', () => {
    const bad = nodes.flatMap(({ path, options, args }) => [
      ...options.flatMap(({ flag, term }) =>
        /^--[a-z0-9-]+$/.test(flag) && /^--[a-z0-9-]+( <[a-z0-9|:-]+(\.\.\.)?>)?$/.test(term)
          ? []
          : [`${path} ${term}`],
      ),
      ...args.flatMap(({ term }) =>
        /^[<[][a-z0-9-]+(\.\.\.)?[>\]]$/.test(term) ? [] : [`${path} ${term}`],
      ),
    ]);
    expect(bad).toEqual([]);
  });

  it('gives an option one meaning wherever it appears', () => {
    const meanings = new Map<string, Set<string>>();
    for (const { options } of nodes) {
      for (const { flag, term } of options) {
        const takes = term.includes('<') ? 'value' : 'switch';
        meanings.set(flag, (meanings.get(flag) ?? new Set()).add(takes));
      }
    }
    expect([...meanings].filter(([, kinds]) => kinds.size > 1).map(([flag]) => flag)).toEqual([]);
  });
});

const isInstalled = (program: string) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('completions', () => {
  it.each([
    ['bash', bashCompletion],
    ['zsh', zshCompletion],
    ['fish', fishCompletion],
  ] as const)('of %s names every command and option', (_, complete) => {
    const script = complete(root);
    for (const { name, options } of nodes) {
      expect(script).toContain(name);
      for (const { flag } of options) expect(script).toContain(flag.slice(2));
    }
  });

  /** What bash offers after these words. */
  const offered = (...words: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'lethe-completion-'));
    try {
      writeFileSync(join(folder, 'lethe'), bashCompletion(root));
      writeFileSync(
        join(folder, 'ask'),
        `set -u; source ${folder}/lethe; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _lethe; printf '%s\\n' "\${COMPREPLY[@]}"`,
      );
      return execFileSync('bash', [join(folder, 'ask')], { cwd: folder })
        .toString()
        .trim()
        .split('\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.skipIf(!isInstalled('bash'))('of bash offer commands, options, choices and files', () => {
    expect(offered('lethe', 'ro')).toEqual(
      ['rounds', 'rollback'].sort((a, b) => -a.localeCompare(b)),
    );
    expect(offered('lethe', 'keys', 'e')).toEqual(['export']);
    expect(offered('lethe', '--home', 'x', 'keys', 'revoke', '--rea')).toEqual(['--reason']);
    expect(offered('lethe', 'keys', 'revoke', 'id', '--reason', 'c')).toEqual(['compromised']);
    expect(offered('lethe', 'verify', 'as')).toEqual(['ask']);
    expect(offered('lethe', 'verify', '--keys', 'as')).toEqual(['ask']);
  });

  it.skipIf(!isInstalled('zsh'))('of zsh is a script that zsh takes', () => {
    execFileSync('zsh', ['-n'], { input: zshCompletion(root) });
  });

  it.skipIf(!isInstalled('fish'))('of fish is a script that fish takes', () => {
    execFileSync('fish', ['--no-execute'], { input: fishCompletion(root) });
  });
});

describe('the manual page', () => {
  const page = manPage(root, letheVersion, 'Exit codes\n  0 done');

  it('has a section for every command that does something', () => {
    for (const { path, commands } of nodes) {
      if (commands.length === 0) expect(page).toContain(`.SS "${path.replaceAll('-', '\\-')}`);
    }
  });

  it.skipIf(!isInstalled('groff'))('is set without a warning', () => {
    const told = execFileSync('groff', ['-man', '-Tutf8', '-ww', '-z'], {
      input: page,
      stdio: 'pipe',
    });
    expect(told.toString()).toBe('');
  });
});
