import { LetheError, shorten, type Violation } from '@lethe/contracts';
import { isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';
import { defaultPolicy, modeNames, type Policy } from './policy.ts';

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Reads a policy from YAML. What it leaves out keeps the value of {@link defaultPolicy};
 * keys are those of {@link Policy} in snake_case.
 *
 * @throws LetheError `invalid` with one violation per fault: path, line, and what is allowed
 */
export function readPolicy(yaml: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const violations: Violation[] = document.errors.map((error) => ({
    field: `policy (line ${error.linePos?.[0].line ?? 1})`,
    value: '',
    description: (error.message.split('\n')[0] ?? error.message).replace(/:$/, ''),
    remedy: 'Write the policy as YAML; an empty one means the defaults.',
  }));
  if (violations.length > 0) throw invalidPolicy(violations);

  const complain = (path: string, node: Node | null, description: string, remedy: string) => {
    const offset = node?.range?.[0] ?? 0;
    const value = isScalar(node) ? shorten(node.value) : '';
    const line = lines.linePos(offset).line;
    violations.push({ field: `${path} (line ${line})`, value, description, remedy });
  };
  const policy = merge(defaultPolicy as unknown as Mapping, document.contents, '', complain);
  if (violations.length > 0) throw invalidPolicy(violations);
  return policy as unknown as Policy;
}

type Complain = (path: string, node: Node | null, description: string, remedy: string) => void;

/** `defaults` overlaid with what the YAML map says; faults go to `complain`. */
function merge(
  defaults: Mapping,
  node: ParsedNode | null,
  path: string,
  complain: Complain,
): Mapping {
  if (node === null || (isScalar(node) && node.value === null)) return defaults;
  if (!isMap(node)) {
    complain(path || 'policy', node, 'must be a map', `Its keys are ${keysOf(defaults)}.`);
    return defaults;
  }
  const merged: Record<string, unknown> = { ...defaults };
  for (const { key, value } of node.items) {
    const written = isScalar(key) ? String(key.value) : '';
    const name = camelCase(written);
    const here = path === '' ? written : `${path}.${written}`;
    const known = written === snakeCase(name) && Object.hasOwn(defaults, name);
    const standard = known ? defaults[name] : undefined;
    if (standard === undefined) {
      complain(here, key, 'is not a key of a policy', `Known here: ${keysOf(defaults)}.`);
    } else if (typeof standard === 'object') {
      merged[name] = merge(standard as Mapping, value, here, complain);
    } else {
      merged[name] = leaf(name, here, value, complain) ?? standard;
    }
  }
  return merged;
}

/** A single value, checked by what its name means; `undefined` when it is at fault. */
function leaf(name: string, path: string, node: ParsedNode | null, complain: Complain): unknown {
  const value = isScalar(node) ? node.value : undefined;
  const rule = rules[name] ?? share;
  if (rule.holds(value)) return value;
  complain(path, node, rule.description, rule.remedy);
  return undefined;
}

interface Rule {
  readonly holds: (value: unknown) => boolean;
  readonly description: string;
  readonly remedy: string;
}

const share: Rule = {
  holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  description: 'must be a share from 0 to 1',
  remedy: 'Write 1.5 % as 0.015.',
};

const count: Rule = {
  holds: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  description: 'must be a whole number of samples, at least 1',
  remedy: 'A check without samples decides nothing.',
};

/** Leaves that are not shares. */
const rules: Readonly<Record<string, Rule>> = {
  version: {
    holds: (value) => value === 1,
    description: 'must be 1, the only version there is',
    remedy: 'Write `version: 1`.',
  },
  name: {
    holds: (value) => typeof value === 'string' && value.length >= 1 && value.length <= 64,
    description: 'must be a text of 1 to 64 characters',
    remedy: 'Name the policy, for example `name: strict`.',
  },
  confidence: {
    holds: (value) => typeof value === 'number' && value >= 0.5 && value < 1,
    description: 'must be at least 0.5 and below 1',
    remedy: 'Write 95 % as 0.95.',
  },
  minSamples: count,
  minHeldOutPerClass: count,
};

function invalidPolicy(violations: readonly Violation[]): LetheError {
  const told = violations
    .slice(0, 10)
    .map(
      ({ field, value, description, remedy }) =>
        `${field}${value === '' ? '' : ` = ${value}`}: ${description}. ${remedy}`,
    )
    .join('\n');
  return new LetheError('invalid', `the policy cannot be used\n${told}`, { violations });
}

function keysOf(mapping: Mapping): string {
  return Object.keys(mapping).map(snakeCase).join(', ');
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The policy as YAML, every value written out. */
export function writePolicy(policy: Policy): string {
  const out = [`version: ${policy.version}`, `name: ${JSON.stringify(policy.name)}`, 'modes:'];
  for (const mode of modeNames) {
    out.push(`  ${mode}:`);
    for (const [section, values] of Object.entries(policy.modes[mode])) {
      out.push(`    ${snakeCase(section)}:`);
      for (const [name, value] of Object.entries(values)) {
        out.push(`      ${snakeCase(name)}: ${value}`);
      }
    }
  }
  return `${out.join('\n')}\n`;
}
