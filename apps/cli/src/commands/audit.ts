import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackendPreference, ComputeProcess } from '@lethe/compute';
import {
  canonicalJson,
  type Digest,
  LetheError,
  Mode,
  type ModelKey,
  type ModelRegistration,
  parseModelKey,
  sha256,
} from '@lethe/contracts';
import { rangesInForce, SetsInForce } from '@lethe/datasets';
import { modelAuditStatement, signStatement } from '@lethe/evidence';
import { LineageStore } from '@lethe/lineage';
import { BlobStore } from '@lethe/store';
import {
  type AuditFigures,
  type AuditMember,
  type AuditProgress,
  auditFigures,
} from '@lethe/unlearning/audit';
import type { AuditInput } from '../audit/audit-job.ts';
import type { CommandFunction } from '../command-function.ts';
import { homeLayout } from '../embedded/home-layout.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { percent, points } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { openStoreOf, type StoreOptions } from '../store-of.ts';
import { type KeyFolderOptions, openKeyFolder } from './key-folder.ts';

interface AuditOptions extends StoreOptions, KeyFolderOptions {
  readonly members: number;
  readonly epochs: number;
  readonly augment: string;
  readonly seed: number;
  readonly leastTow: number;
  readonly mostULira: number;
  readonly work: string;
  readonly report: string;
  readonly backend: BackendPreference;
}

/** Exit code 0 when the audit agrees with the gate, 6 when it does not or cannot tell. */
export const run: CommandFunction<AuditOptions> = async (options, out, key = '') => {
  const modelKey = parseModelKey(key, 'model-key');
  // Before the long work: a key that is made now must be older than what it signs.
  const keys = openKeyFolder(options);
  await using store = await openStoreOf(options);
  const blobs = new BlobStore(store, { cacheFolder: homeLayout(options.home).cache });
  const lineage = new LineageStore(store, blobs);
  const { input, served, leftOut } = await readLineage(lineage, modelKey, options);
  if (leftOut > 0) {
    const rounds = leftOut === 1 ? '1 promoted round' : `${leftOut} promoted rounds`;
    out.line(
      `Left out: ${rounds} in misclassify or relabel. What serves has been through them; the networks that it is compared with have not.`,
    );
  }
  const members = await ensemble(input, options, out);
  const figures = auditFigures(members, {
    leastTugOfWar: options.leastTow,
    mostULira: options.mostULira,
  });
  const statement = modelAuditStatement(
    {
      model_key: modelKey,
      sequence: served.sequence,
      weights_digest: served.weightsDigest,
      forgotten_count: new Set(input.rounds.flatMap((rows) => [...rows])).size,
      members: figures.members,
      served: figures.served,
      original: figures.original,
      shadow: figures.shadow,
      retrained: figures.retrained,
      gap: figures.gap,
      tug_of_war: figures.tugOfWar,
      u_lira: figures.uLira,
      u_lira_before: figures.uLiraBefore,
      membership: figures.membership,
      gate: figures.gate,
      explanation: figures.explanation,
    },
    new Date(),
  );
  const signed = signStatement(statement, keys.signer(new Date()));
  writeFileSync(options.report, `${signed}\n`);
  out.result({ ...figures, leftOutRounds: leftOut, report: options.report });
  show(figures, out);
  out.line(`Signed report: ${options.report} (check it with lethe verify)`);
  return figures.gate === 'agrees' ? exitCodes.ok : exitCodes.refused;
};

/** What is served, and what its promoted `untrain` rounds forgot. */
async function readLineage(lineage: LineageStore, modelKey: ModelKey, options: AuditOptions) {
  const registration = (await lineage.registration(modelKey))?.record;
  const pointer = (await lineage.serving(modelKey))?.pointer;
  if (registration === undefined || pointer === undefined) {
    throw new LetheError(
      'not_found',
      `there is no model ${modelKey} that serves; see lethe models`,
    );
  }
  const rounds: Uint32Array[] = [];
  let leftOut = 0;
  for (let sequence = 1; sequence <= pointer.sequence; sequence++) {
    const decision = await lineage.decision(modelKey, sequence);
    const entry = (await lineage.manifest(modelKey, sequence))?.record.entry;
    if (decision?.record.promoted !== true || entry?.$case !== 'round') continue;
    if (entry.value.mode !== Mode.MODE_UNTRAIN) {
      leftOut += 1;
      continue;
    }
    rounds.push(Uint32Array.from(new Set(entry.value.parts.flatMap(({ rows }) => rows))).sort());
  }
  if (rounds.length === 0) {
    throw new LetheError(
      'precondition',
      `${modelKey} serves nothing that an untrain round made: there is nothing to audit`,
    );
  }
  const input = await auditInput(registration, pointer.weightsDigest, rounds);
  return { served: pointer, input, leftOut };

  async function auditInput(
    registered: ModelRegistration,
    servedDigest: string,
    forgotten: readonly Uint32Array[],
  ): Promise<Omit<AuditInput, 'seed' | 'earlier'>> {
    const { blobs } = lineage;
    const { trainingData, trainingManifestDigest } = registered;
    const inForce = await new SetsInForce(lineage).of(registered);
    const sets = (role: string) =>
      inForce.flatMap((each) => {
        const { set, size } = each;
        if (set.role !== role || set.source === undefined || size === 0) return [];
        return [{ source: set.source, ranges: rangesInForce(each) }];
      });
    if (trainingData === undefined || sets('stop').length === 0) {
      const lacks = trainingData === undefined ? 'training data' : 'a stop set';
      throw new LetheError('precondition', `${modelKey} was registered without ${lacks}`);
    }
    return {
      topology: await blobs.get(registered.topologyDigest as Digest),
      original: await blobs.get(registered.weightsDigest as Digest),
      served: await blobs.get(servedDigest as Digest),
      preprocessing: registered.preprocessing ?? { scale: 1, mean: [0], std: [1] },
      training: {
        source: trainingData,
        manifestFile: await blobs.file(trainingManifestDigest as Digest),
      },
      rounds: forgotten,
      stop: sets('stop'),
      gate: sets('gate'),
      epochs: options.epochs,
      augment: options.augment,
    };
  }
}

/** Members that an earlier run finished are read back; each is written whole or not at all. */
async function ensemble(
  input: Omit<AuditInput, 'seed' | 'earlier'>,
  { members, seed, work, backend }: AuditOptions,
  out: Output,
): Promise<AuditMember[]> {
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const { topology, original, served, training, rounds, ...rest } = input;
  const digests = [topology, original, served].map((bytes) => sha256(bytes));
  const rows = rounds.map((each) => [...each]);
  const identity = sha256(
    canonicalJson({ form: 5, ...rest, digests, rows, source: training.source }),
  );
  await using compute = new ComputeProcess({ backend: { prefer: backend } });
  const found: AuditMember[] = [];
  for (let index = 0; index < members; index++) {
    const memberSeed = seed + 2 * index;
    const file = join(work, `member-${memberSeed}-${identity.slice(0, 16)}.json`);
    if (existsSync(file)) {
      out.note(`member ${index + 1} of ${members}: finished by an earlier run`);
    } else {
      const bar = out.progress(`member ${index + 1} of ${members}`);
      const member = await compute.run<AuditInput, AuditMember, AuditProgress>(
        new URL(
          import.meta.url.endsWith('.ts')
            ? '../../dist/audit/audit-job.js'
            : '../audit/audit-job.js',
          import.meta.url,
        ),
        { ...input, seed: memberSeed, earlier: found[0] },
        { onProgress: ({ what, step, stepLimit }) => bar.update(step, stepLimit, what) },
      );
      bar.finish();
      writeFileSync(`${file}.part`, JSON.stringify(member), { mode: 0o600 });
      renameSync(`${file}.part`, file);
    }
    found.push(JSON.parse(readFileSync(file, 'utf8')) as AuditMember);
  }
  return found;
}

function show(figures: AuditFigures, out: Output): void {
  out.table(
    [
      { title: 'accuracy on' },
      { title: 'original', align: 'right' },
      { title: 'shadows', align: 'right' },
      { title: 'served', align: 'right' },
      { title: 'retrained', align: 'right' },
      { title: 'gap', align: 'right' },
    ],
    (['forget', 'retain', 'test'] as const).map((set) => [
      set,
      percent(figures.original[set]),
      percent(figures.shadow[set]),
      percent(figures.served[set]),
      percent(figures.retrained[set]),
      points(figures.gap[set]),
    ]),
  );
  out.line(
    `ToW ${figures.tugOfWar.toFixed(3)}, U-LiRA right in ${percent(figures.uLira)} (${percent(figures.uLiraBefore)} before unlearning; 50 % is chance), ${figures.members} members`,
  );
  const { served, original, retrained } = figures.membership;
  out.line(
    `Membership AUC ${served.toFixed(3)}, of the original ${original.toFixed(3)}, of retrained networks ${retrained.toFixed(3)} (0.5 is chance)`,
  );
  const { green, red, yellow } = out.colours;
  const colour = { agrees: green, disagrees: red, undecided: yellow }[figures.gate];
  out.line(`${colour(figures.gate)}: ${figures.explanation}`);
}
