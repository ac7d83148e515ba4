import { readFileSync } from 'node:fs';
import { type Emitter, LetheError, parseEmitter } from '@lethe/contracts';

/**
 * Which emitter an event's `source` stands for. Whoever may write to the intake topic may state
 * any source: who may is the bus's affair (ACLs).
 */
export class EmitterSources {
  readonly #emitters: ReadonlyMap<string, Emitter> | undefined;

  private constructor(emitters: ReadonlyMap<string, Emitter> | undefined) {
    this.#emitters = emitters;
  }

  /** Without a table: a source that is an emitter's name is that emitter, any other is unknown. */
  static readonly byName = new EmitterSources(undefined);

  /**
   * Of a JSON file `{ "<source>": "<emitter>", … }`; `''`: {@link EmitterSources.byName}.
   *
   * @throws LetheError `invalid` naming the file and what is wrong with it
   */
  static read(file: string): EmitterSources {
    if (file === '') return EmitterSources.byName;
    const table = parseTable(file);
    const emitters = Object.entries(table).map(([source, name]) => {
      const emitter = parseEmitter(String(name), `intake sources ${file}: ${source}`);
      return [source, emitter] as const;
    });
    return new EmitterSources(new Map(emitters));
  }

  /** @throws LetheError `invalid` naming the field `source` */
  emitterOf(source: string): Emitter {
    if (source === '') {
      throw LetheError.invalid('source', source, 'is empty; CloudEvents requires it', 'State it.');
    }
    const known = this.#emitters?.get(source);
    if (known !== undefined) return known;
    const remedy = 'Add it to the file of LETHE_INTAKE_SOURCES, or correct it.';
    if (this.#emitters === undefined) {
      try {
        return parseEmitter(source, 'source');
      } catch {
        // Told below: with the remedy that helps here.
      }
    }
    throw LetheError.invalid('source', source, 'is not a source that intake knows', remedy);
  }
}

function parseTable(file: string): Readonly<Record<string, unknown>> {
  const remedy = 'Give a JSON file { "<source>": "<emitter>", … }.';
  let table: unknown;
  try {
    table = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw LetheError.invalid('intake sources', file, (cause as Error).message, remedy);
  }
  if (typeof table === 'object' && table !== null && !Array.isArray(table)) {
    return table as Record<string, unknown>;
  }
  throw LetheError.invalid('intake sources', file, 'holds no JSON object', remedy);
}
