import { type CommandNode, everyNode } from './command-tree.ts';

/** A completion for fish: one line for each command and option. */
export function fishCompletion(root: CommandNode): string {
  const lines = [...everyNode(root)].flatMap((node) => {
    const condition = conditionOf(node, root);
    const commands = node.commands.map(
      ({ name, summary }) =>
        `complete -c lethe -f -n '${condition}' -a ${name} -d ${quoted(summary)}`,
    );
    const options = node.options.map(({ flag, description, takesValue, choices }) => {
      const value = choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : takesValue ? ' -r' : '';
      const when = node === root ? '' : ` -n '${condition}'`;
      return `complete -c lethe${when} -l ${flag.slice(2)}${value} -d ${quoted(description)}`;
    });
    return [...commands, ...options];
  });
  return `# fish completion of lethe; made by: lethe completion fish
${lines.join('\n')}
complete -c lethe -l help -d 'show help'
`;
}

/** Holds where the words so far are those of the node, and no command below it follows. */
function conditionOf(node: CommandNode, root: CommandNode): string {
  const own = node.path.split(' ').slice(1);
  const seen = own.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = node.commands.map(({ name }) => name).join(' ');
  const none = below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`];
  if (node === root) return '__fish_use_subcommand';
  return [...seen, ...none].join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
