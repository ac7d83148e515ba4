import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, sha256 } from '@lethe/contracts';
import { engineDigest } from '../unlearning/engine-digest.ts';
import type { AuditArguments } from './arguments.ts';

/** Where files of an audit are kept, by what they depend on; nowhere without `--resume`. */
export class KeptFiles {
  readonly #args: AuditArguments;
  readonly #engine = engineDigest();

  constructor(args: AuditArguments) {
    this.#args = args;
  }

  /** Of networks as they were trained. */
  trained(name: string): string | undefined {
    return this.#file(this.#training(), name);
  }

  /** Of networks that have unlearned, and what is told of them. */
  unlearned(name: string): string | undefined {
    const { method, set, backend, 'held-out': heldOut } = this.#args.given;
    return this.#file(
      { ...this.#training(), heldOut, method, set, backend, engine: this.#engine },
      name,
    );
  }

  #training(): object {
    const { data, train, unseen, k, rounds, epochs, network, augment, seed } = this.#args.given;
    // Kept networks are of the same images; until decision 0172 the first of the files were taken.
    return { data, train, unseen, chosen: 'by chance', k, rounds, epochs, network, augment, seed };
  }

  #file(options: object, name: string): string | undefined {
    const { resume } = this.#args;
    if (resume === undefined) return undefined;
    const folder = join(resume, sha256(canonicalJson(options)).slice(0, 12));
    mkdirSync(folder, { recursive: true });
    return join(folder, name);
  }
}
