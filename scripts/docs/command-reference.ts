/** docs/cli.md, from the grammar of the command line. */
import {
  type CommandNode,
  commandTree,
  everyNode,
} from '../../apps/cli/dist/completion/command-tree.js';
import { optionText } from '../../apps/cli/dist/completion/man-page.js';
import { createOutput } from '../../apps/cli/dist/output/output.js';
import { createProgram } from '../../apps/cli/dist/program.js';

export function commandReference(): string {
  const root = commandTree(createProgram(createOutput({ json: false }), { exitCode: 0 }));
  const commands = [...everyNode(root)].filter(({ commands: below }) => below.length === 0);
  return [
    '# Commands',
    '',
    'Made from the grammar of the command line by `npm run generate:docs`; `lethe COMMAND --help` and `lethe man` say the same. With `--json` every command prints one JSON value a line, and errors as JSON on stderr.',
    '',
    '| exit code | |',
    '|---|---|',
    '| 0 | done |',
    '| 1 | failure inside Lethe |',
    '| 2 | wrong input |',
    '| 3 | not found |',
    '| 4 | conflict |',
    '| 5 | not reachable |',
    '| 6 | refused in this state; checks that ask a question: the answer is no |',
    '| 7 | a limit is reached |',
    '| 8 | not allowed |',
    '| 130, 143 | interrupted by Ctrl-C, SIGTERM |',
    '',
    '## Options of all commands',
    '',
    ...optionTable(root),
    ...commands.flatMap(commandSection),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function commandSection(node: CommandNode): string[] {
  const usage = [node.path, ...node.args.map(({ term }) => term)].join(' ');
  const described = node.args.filter(({ description }) => description !== '');
  return [
    '',
    `## ${node.path}`,
    '',
    `\`${usage}${node.options.length > 0 ? ' [options]' : ''}\``,
    '',
    sentence(node.description),
    '',
    ...described.map(({ term, description }) => `- \`${term}\`: ${description}`),
    ...(described.length > 0 ? [''] : []),
    ...optionTable(node),
  ];
}

function optionTable({ options }: CommandNode): string[] {
  if (options.length === 0) return [];
  const rows = options.map((option) => `| \`${option.term}\` | ${escaped(optionText(option))} |`);
  return ['| option | |', '|---|---|', ...rows];
}

function sentence(text: string): string {
  const begun = `${text[0]?.toUpperCase()}${text.slice(1)}`;
  return escaped(/[.:!?]$/.test(begun) ? begun : `${begun}.`);
}

/** What Markdown would take for markup. */
function escaped(text: string): string {
  return text.replaceAll(/[<>|*_]/g, (found) => `\\${found}`);
}
