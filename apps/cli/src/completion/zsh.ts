import { type CommandNode, everyNode, type OptionNode } from './command-tree.ts';

/** A completion for zsh: one function for each command, options and commands with their summaries. */
export function zshCompletion(root: CommandNode): string {
  const functions = [...everyNode(root)].map((node) => functionOf(node, root));
  return `#compdef lethe
# zsh completion of lethe; made by: lethe completion zsh

${functions.join('\n')}
if [ "$funcstack[1]" = _lethe ]; then _lethe "$@"; else compdef _lethe lethe; fi
`;
}

function functionOf(node: CommandNode, root: CommandNode): string {
  const options = [...node.options, ...(node === root ? [] : root.options)];
  const specs = [...options.map(optionSpec), "'--help[show help]'"];
  if (node.commands.length === 0) {
    return `${nameOf(node)}() {\n  _arguments ${[...specs, "'*:file:_files'"].join(' \\\n    ')}\n}\n`;
  }
  const commands = node.commands.map(({ name, summary }) => `'${name}:${quoted(summary)}'`);
  const cases = node.commands.map((child) => `        ${child.name}) ${nameOf(child)} ;;`);
  return `${nameOf(node)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
        ${commands.join('\n        ')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}
`;
}

function optionSpec({ flag, description, takesValue, choices }: OptionNode): string {
  const value = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
  return `'${flag}[${quoted(description)}]${takesValue ? `:value:${value}` : ''}'`;
}

function nameOf({ path }: CommandNode): string {
  return `_${path.replaceAll(/[ -]/g, '_')}`;
}

/** Within single quotes, and within the brackets and colons of a specification. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:\\]/g, (found) => `\\${found}`);
}
