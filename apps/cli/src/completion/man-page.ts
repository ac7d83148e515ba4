import { type CommandNode, everyNode, type OptionNode } from './command-tree.ts';

/**
 * The manual as one man page (groff's man macros): `lethe man | man -l -`.
 *
 * @param closing text of the help that is set as it is: first steps, exit codes
 */
export function manPage(root: CommandNode, version: string, closing: string): string {
  const commands = [...everyNode(root)].filter(({ commands: below }) => below.length === 0);
  return [
    `.TH LETHE 1 "" "lethe ${version}" "Lethe"`,
    '.SH NAME',
    `lethe \\- ${roff(root.summary.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    '.B lethe',
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    '.SH OPTIONS',
    ...root.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH FURTHER',
    '.nf',
    ...closing.trim().split('\n').map(roff),
    '.fi',
    '',
  ].join('\n');
}

function commandLines(node: CommandNode): string[] {
  const usage = [node.path, ...node.args.map(({ term }) => term), '[options]'].join(' ');
  return [
    `.SS "${roff(usage).replaceAll('"', '\\(dq')}"`,
    roff(node.description),
    ...node.args.flatMap(({ term, description }) =>
      description === '' ? [] : ['.TP', `.I ${roff(term)}`, roff(description)],
    ),
    ...node.options.flatMap(optionLines),
  ];
}

function optionLines(option: OptionNode): string[] {
  return ['.TP', `.B ${roff(option.term)}`, roff(optionText(option))];
}

/** An option's description with choices, default and variable. */
export function optionText({ description, choices, env, ...option }: OptionNode): string {
  const facts = [
    option.isRequired ? 'required' : '',
    choices.length > 0 ? `one of ${choices.join(', ')}` : '',
    option.default === undefined || option.default === '' ? '' : `default ${option.default}`,
    env === undefined ? '' : `variable ${env}`,
  ].filter((fact) => fact !== '');
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

/** Hyphens that are minus signs, and no line that begins a macro. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
