/**
 * `untrain` against retraining: networks trained on everything unlearn, and are held against
 * networks that never saw what was forgotten (`auditMember`, as `lethe audit` does it). They are
 * trained on the spot, small ones in minutes, residual ones with batch normalisation in hours; or
 * by another program (`--export`).
 */
import './unlearning/tell-refusals.ts';
import { openBackend } from '@lethe/compute';
import { joinSamples, type RoundProgress } from '@lethe/unlearning';
import {
  type AuditHooks,
  type AuditMember,
  type AuditTask,
  auditFigures,
  auditMember,
  trainNetwork,
  unlearnRounds,
} from '@lethe/unlearning/audit';
import { type AuditArguments, parseAuditArguments, usage } from './audit/arguments.ts';
import { exportPlan } from './audit/export-plan.ts';
import { KeptFiles } from './audit/kept-files.ts';
import { loadParts } from './audit/parts.ts';
import { keptWeights } from './unlearning/kept-weights.ts';
import { memberSeed } from './unlearning/member-seed.ts';
import { percent } from './unlearning/percent.ts';
import { readIfThere } from './unlearning/read-if-there.ts';
import { writeWhole } from './unlearning/write-whole.ts';

const args = parseAuditArguments(process.argv.slice(2));
if (args === 'help') console.log(usage);
else if (args.export) console.log(await exportPlan(args));
else await bench(args);

async function bench(args: AuditArguments): Promise<void> {
  const backend = await openBackend({ prefer: args.backend });
  const files = new KeptFiles(args);
  const task = await loadTask(args, files);
  const members: AuditMember[] = [];
  for (let member = 0; member < args.members; member++) {
    const file = files.unlearned(`member-${member}.json`);
    const hooks: AuditHooks = {
      report: ({ what, step, stepLimit }) =>
        tell(`member ${member + 1}/${args.members}: ${what}`, step, stepLimit),
      trained: (which, train) =>
        keptWeights(files.trained(`member-${member}-${which}.bin`), task.original, train),
    };
    const ofMember = { ...task, seed: memberSeed(args.seed, member) };
    const kept = file === undefined ? undefined : readIfThere(file);
    const told: AuditMember =
      kept === undefined ? await auditMember(ofMember, hooks, members[0]) : JSON.parse(kept);
    if (file !== undefined && kept === undefined) writeWhole(file, JSON.stringify(told));
    members.push(told);
  }
  process.stderr.write('\n');
  show(args, backend, members);
}

/** A network trained on everything, and what it is after it has unlearned. */
async function loadTask(args: AuditArguments, files: KeptFiles): Promise<AuditTask> {
  const { train, forgetRows: _, ...parts } = await loadParts(args);
  const { network, rounds, heldOut } = parts;
  const { epochs, augment, seed, settings } = args;
  const fresh = network.model.getWeights().map((weight) => weight.dataSync<'float32'>().slice());
  const hooksFor = (what: string) => ({
    onProgress: ({ step, stepLimit }: RoundProgress) => tell(what, step, stepLimit),
  });
  const original = await keptWeights(files.trained('original.bin'), fresh, () =>
    trainNetwork(
      network,
      train,
      { epochs, augment, seed, frozen: fresh },
      hooksFor('training the original'),
    ),
  );
  const plan = { rounds, heldOut, seed, method: { name: args.method, settings } };
  const served = await keptWeights(files.unlearned('served.bin'), fresh, async () => [
    ...(await unlearnRounds(network, original, plan, hooksFor)),
  ]);
  return { ...parts, ...plan, original, served, forget: joinSamples(rounds), epochs, augment };
}

function show(
  args: AuditArguments,
  backend: { readonly name: string; readonly description: string },
  members: readonly AuditMember[],
): void {
  const figures = auditFigures(members, { leastTugOfWar: 0.97, mostULira: 0.52 });
  const { shadow, served, retrained, membership } = figures;
  const settings = Object.entries(args.settings).map(([name, value]) => `${name}=${value}`);
  console.log(
    `${backend.description}; ${args.data}, ${args.network}, augment ${args.augment}, ${args.rounds} rounds of ${args.k} of ${args.train} images, ${args.members} networks of each kind, ${args.method} ${settings.join(' ')}`,
  );
  console.log('network | forget | retain | test | membership AUC');
  for (const [name, of, auc] of [
    ['original', figures.original, membership.original],
    ['shadows', shadow, membership.shadow],
    ['served', served, membership.served],
    ['retrained', retrained, membership.retrained],
  ] as const) {
    const cells = [of.forget, of.retain, of.test].map(percent);
    console.log([name, ...cells, auc.toFixed(3)].join(' | '));
  }
  console.log(
    `ToW ${figures.tugOfWar.toFixed(3)} (0.97 is aimed at), U-LiRA ${percent(figures.uLira)} (52 at most is aimed at), before unlearning ${percent(figures.uLiraBefore)}`,
  );
  if (args.json) console.log(JSON.stringify({ ...args.given, backend: backend.name, figures }));
}

function tell(what: string, step: number, stepLimit: number): void {
  process.stderr.write(`\r${what} ${step}/${stepLimit}\x1b[K`);
}
