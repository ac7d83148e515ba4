import { LetheError, type ModeName, modeNames, shorten, type Violation } from '@lethe/contracts';
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { defaultPolicy, standardRule } from './default-policy.ts';
import { type MetricName, metricOf, metrics, metricsOf } from './metrics.ts';
import type { Policy, Rule, Rules, Slice } from './policy.ts';
import { type PolicyKey, ruleKeys, topKeys } from './policy-keys.ts';

/**
 * Reads a policy from YAML. What it leaves out keeps the value of {@link defaultPolicy}; `off`
 * instead of a metric's map switches the metric off.
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
  const policy = readTop(document.contents, (path, node, description, remedy) => {
    const value = isScalar(node) ? shorten(node.value) : '';
    const { line } = lines.linePos(node?.range?.[0] ?? 0);
    violations.push({ field: `${path} (line ${line})`, value, description, remedy });
  });
  if (violations.length > 0) throw invalidPolicy(violations);
  return policy;
}

type Complain = (path: string, node: Node | null, description: string, remedy: string) => void;

function readTop(node: ParsedNode | null, complain: Complain): Policy {
  const policy: Record<string, unknown> = { ...defaultPolicy };
  for (const { name, path, key, value } of membersOf(node, '', complain)) {
    if (name === 'slices') policy['slices'] = readSlices(value, path, complain);
    else if (name === 'modes') policy['modes'] = readModes(value, path, complain);
    else readLeaf(topKeys, ['slices', 'modes'], { name, path, key, value }, policy, complain);
  }
  return policy as unknown as Policy;
}

function readModes(node: ParsedNode | null, path: string, complain: Complain): Policy['modes'] {
  const modes: Record<ModeName, Rules> = { ...defaultPolicy.modes };
  for (const { name, path: here, key, value } of membersOf(node, path, complain)) {
    const mode = modeNames.find((known) => known === name);
    if (mode === undefined) {
      complain(here, key, 'is not a mode', `Known here: ${modeNames.join(', ')}.`);
    } else {
      modes[mode] = readRules(mode, value, here, complain);
    }
  }
  return modes;
}

function readRules(
  mode: ModeName,
  node: ParsedNode | null,
  path: string,
  complain: Complain,
): Rules {
  const rules: Record<string, Rule> = { ...defaultPolicy.modes[mode] };
  const known = metricsOf(mode);
  for (const { name, path: here, key, value } of membersOf(node, path, complain)) {
    if (!known.includes(name as MetricName)) {
      const why = Object.hasOwn(metrics, name) ? `is not a metric of ${mode}` : 'is not a metric';
      complain(here, key, why, `Known here: ${known.join(', ')}.`);
    } else if (isScalar(value) && value.value === 'off') {
      delete rules[name];
    } else {
      const rule = readRule(name as MetricName, rules[name], value, here, complain);
      if (rule !== undefined) rules[name] = rule;
    }
  }
  return rules;
}

function readRule(
  metric: MetricName,
  standard: Rule | undefined,
  node: ParsedNode | null,
  path: string,
  complain: Complain,
): Rule | undefined {
  const keys = ruleKeys(metricOf(metric));
  const rule: Record<string, unknown> = { ...(standard ?? standardRule(metric)) };
  for (const member of membersOf(node, path, complain)) {
    readLeaf(keys, [], member, rule, complain);
  }
  const { interval: _, ...whole } = rule;
  const { low, high } = whole as unknown as Rule;
  if (low === undefined || high === undefined) {
    complain(path, node, 'lacks a threshold', 'Give low and high.');
  } else if (low > high) {
    complain(
      path,
      node,
      `contradicts itself: low ${low} is above high ${high}`,
      'Nothing could pass.',
    );
  }
  return whole as unknown as Rule;
}

function readSlices(node: ParsedNode | null, path: string, complain: Complain): Policy['slices'] {
  const slices: Record<string, Slice> = {};
  for (const { name, path: here, key, value } of membersOf(node, path, complain)) {
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
      complain(here, key, 'is not a name', 'Use up to 64 of a–z, 0–9, _ and -.');
    }
    slices[name] = readSlice(value, here, complain);
  }
  return slices;
}

function readSlice(node: ParsedNode | null, path: string, complain: Complain): Slice {
  const slice: Record<string, unknown> = {};
  for (const { name, path: here, key, value } of membersOf(node, path, complain)) {
    const plain = value === null ? null : (value.toJSON() as unknown);
    const rule = sliceKeys[name];
    if (rule === undefined) {
      complain(
        here,
        key,
        'is not a key of a slice',
        `Known: ${Object.keys(sliceKeys).join(', ')}.`,
      );
    } else if (!rule.holds(plain)) complain(here, value, rule.description, rule.remedy);
    else slice[name] = plain;
  }
  if (Object.keys(slice).length === 0) {
    complain(path, node, 'names no samples', 'Give classes, or set, or set and rows.');
  }
  if (slice['rows'] !== undefined && slice['set'] === undefined) {
    complain(path, node, 'has rows of no set', 'Name the evaluation set with `set`.');
  }
  return slice;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

const sliceKeys: Readonly<
  Record<string, { holds: (value: unknown) => boolean; description: string; remedy: string }>
> = {
  classes: {
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every(isCount),
    description: 'must be a list of class numbers',
    remedy: 'For example [0, 3].',
  },
  set: {
    holds: (value) => typeof value === 'string' && value.length > 0,
    description: 'must be the name of an evaluation set',
    remedy: 'For example gate.',
  },
  rows: {
    holds: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every(
        (pair) =>
          Array.isArray(pair) && pair.length === 2 && pair.every(isCount) && pair[0] < pair[1],
      ),
    description: 'must be a list of [from, to) pairs with from below to',
    remedy: 'For example [[0, 500]].',
  },
};

interface Member {
  readonly name: string;
  readonly path: string;
  readonly key: ParsedNode;
  readonly value: ParsedNode | null;
}

/** Members of a map; nothing for an empty node, and a complaint for anything else. */
function membersOf(node: ParsedNode | null, path: string, complain: Complain): readonly Member[] {
  if (node === null || (isScalar(node) && node.value === null)) return [];
  if (!isMap(node)) {
    const what = isSeq(node) ? 'a list' : 'a single value';
    complain(path || 'policy', node, `must be a map, not ${what}`, 'Write it as `key: value`.');
    return [];
  }
  return (node as YAMLMap<ParsedNode, ParsedNode | null>).items.map(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    return { name, path: path === '' ? name : `${path}.${name}`, key, value };
  });
}

function readLeaf(
  keys: Readonly<Record<string, PolicyKey>>,
  others: readonly string[],
  { name, path, key, value }: Member,
  into: Record<string, unknown>,
  complain: Complain,
): void {
  const known = Object.hasOwn(keys, name) ? keys[name] : undefined;
  if (known === undefined) {
    const list = [...Object.keys(keys), ...others].join(', ');
    complain(path, key, 'is not a key of a policy', `Known here: ${list}.`);
    return;
  }
  const plain = isScalar(value) ? value.value : undefined;
  if (known.holds(plain)) into[known.field] = plain;
  else complain(path, value ?? key, known.description, known.remedy);
}

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
