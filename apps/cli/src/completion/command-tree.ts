import type { Argument, Command, Option } from 'commander';

/** The grammar of the command line as data: what completions, man page and reference are made of. */
export interface CommandNode {
  /** Words from the program on, for example `lethe keys list`. */
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly args: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

export interface ArgumentNode {
  /** As in usage: `<model-key>`, `[file]`, `[id...]`. */
  readonly term: string;
  readonly description: string;
}

export interface OptionNode {
  /** `--limit` */
  readonly flag: string;
  /** As in usage: `--limit <n>` */
  readonly term: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly env: string | undefined;
  readonly default: string | undefined;
  readonly isRequired: boolean;
}

export function commandTree(command: Command, parents = ''): CommandNode {
  const path = parents === '' ? command.name() : `${parents} ${command.name()}`;
  return {
    path,
    name: command.name(),
    summary: command.summary() || command.description(),
    description: command.description() || command.summary(),
    args: command.registeredArguments.map(argumentNode),
    options: command.options.filter(({ hidden }) => !hidden).map(optionNode),
    commands: command.commands.map((each) => commandTree(each as Command, path)),
  };
}

/** The node itself and all below it, in order. */
export function* everyNode(node: CommandNode): Generator<CommandNode> {
  yield node;
  for (const child of node.commands) yield* everyNode(child);
}

function argumentNode(argument: Argument): ArgumentNode {
  const { required, variadic, description } = argument;
  const word = `${argument.name()}${variadic ? '...' : ''}`;
  return { term: required ? `<${word}>` : `[${word}]`, description };
}

function optionNode(option: Option): OptionNode {
  const { flags, long, description, argChoices, envVar, defaultValue, mandatory } = option;
  return {
    flag: long ?? flags,
    term: flags,
    description,
    takesValue: option.required || option.optional,
    choices: argChoices ?? [],
    env: envVar,
    default:
      option.defaultValueDescription ??
      (defaultValue === undefined || defaultValue === false ? undefined : String(defaultValue)),
    isRequired: mandatory,
  };
}
