import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type PredicateName, predicateTypes } from './statement.ts';

/** The published JSON Schema of a kind of evidence. */
function readSchema(kind: PredicateName): object {
  const file = new URL(`../schemas/${kind}.v1.schema.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

const ajv = new Ajv2020({ strict: true, allErrors: false });
const compiled = new Map<string, ValidateFunction>();

/** What a statement lacks to be evidence of the kind that it names; nothing when it is. */
export function schemaProblem(statement: unknown): string | undefined {
  const stated = (statement as { predicateType?: unknown } | null)?.predicateType;
  const kind = Object.keys(predicateTypes).find(
    (name) => predicateTypes[name as PredicateName] === stated,
  ) as PredicateName | undefined;
  if (kind === undefined) return 'predicateType is not one of those that Lethe signs';
  const validate = compiled.get(kind) ?? ajv.compile(readSchema(kind));
  compiled.set(kind, validate);
  if (validate(statement)) return undefined;
  const [error] = validate.errors ?? [];
  return `${error?.instancePath || 'the statement'} ${error?.message ?? 'does not fit its schema'}`;
}
