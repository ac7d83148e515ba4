import { type CommandNode, everyNode } from './command-tree.ts';

/**
 * A completion for bash, whole: it starts no lethe. Completes commands, options, choices, and files
 * where an option or argument takes anything else.
 */
export function bashCompletion(root: CommandNode): string {
  const global = root.options.map(({ flag }) => flag);
  const cases = [...everyNode(root)].map((node) => {
    const words = [
      ...node.commands.map(({ name }) => name),
      ...node.options.map(({ flag }) => flag),
      ...(node === root ? [] : global),
      '--help',
    ];
    return `    '${node.path}') words='${words.join(' ')}' ;;`;
  });
  const choices = valuesOf(root).map(
    ([path, flag, values]) => `    '${path} ${flag}') values='${values.join(' ')}' ;;`,
  );
  const valued = [...everyNode(root)].flatMap(({ options }) =>
    options.flatMap(({ flag, takesValue }) => (takesValue ? [flag] : [])),
  );
  const commands = [...everyNode(root)].map(({ path }) => `'${path}'`);
  return `# bash completion of lethe; made by: lethe completion bash
_lethe() {
  local path='lethe' word skip='' values='' words='' current="\${COMP_WORDS[COMP_CWORD]}" index
  local valued=' ${[...new Set(valued)].join(' ')} '
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$word" in
      -*) [[ "$valued" == *" $word "* ]] && skip=1 ;;
      *) case "$path $word" in
        ${commands.join(' | ')}) path="$path $word" ;;
      esac ;;
    esac
  done
  COMPREPLY=()
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  if [ -n "$values" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  if [ -n "$skip" ]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  case "$path" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [ "\${#COMPREPLY[@]}" -eq 0 ] && mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _lethe lethe
`;
}

/** Options with a closed set of values, by command. */
export function valuesOf(
  root: CommandNode,
): [path: string, flag: string, values: readonly string[]][] {
  return [...everyNode(root)].flatMap(({ path, options }) =>
    options.flatMap(({ flag, choices }) =>
      choices.length === 0 ? [] : [[path, flag, choices] as [string, string, readonly string[]]],
    ),
  );
}
