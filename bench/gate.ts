/**
 * Planted candidates against the gate's default policy: small networks trained here, so that what
 * each candidate knows is known. Exit code 0 only when no bad one passes, and the good ones do in
 * at least 19 of 20 seeds.
 */
import { parseArgs } from 'node:util';
import { openBackend } from '@lethe/compute';
import { Outcome, type Verdict } from '@lethe/contracts';
import { defaultPolicy, judge, policyDigest } from '@lethe/gate';
import { type Drift, type Planted, planted, slowDrift } from './gate/candidates.ts';
import { accuracyOf } from './gate/small-network.ts';
import { makeWorld, type World } from './gate/world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '0' },
    k: { type: 'string', default: '128' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const usage = `npm run bench:gate -- [--seeds 20] [--from 0] [--k 128] [--only TEXT,TEXT] [--json]
  --from  first seed
  --k     samples in the forget set
  --only  kinds whose name contains one of these, comma-separated`;

interface Row {
  readonly name: string;
  readonly good: boolean | undefined;
  readonly passed: number;
  readonly seeds: number;
  /** Most frequent reasons of the checks that stopped it. */
  readonly reasons: readonly string[];
  readonly asWanted: boolean;
}

async function bench(): Promise<void> {
  const backend = await openBackend({ prefer: 'auto' });
  const first = Number(values.from);
  const started = performance.now();
  process.stderr.write(
    `${backend.description}, policy ${policyDigest(defaultPolicy).slice(0, 12)}\n`,
  );
  const tallies = new Map<Planted, Tally>();
  const wanted = (name: string) =>
    (values.only ?? '').split(',').some((text) => name.includes(text));
  const kinds = planted.filter(({ name }) => wanted(name));
  const drifts: Drift[] = [];
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    const world = makeWorld(seed, Number(values.k));
    if (seed === first) describe(world);
    for (const kind of kinds) {
      const tally = tallies.get(kind) ?? new Tally();
      tallies.set(kind, tally);
      tally.add(judge(kind.evidence(world), defaultPolicy));
    }
    if (wanted('slow drift')) drifts.push(slowDrift(world, defaultPolicy));
    process.stderr.write(
      `seed ${seed} done, ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
    );
  }
  const rows = [...tallies].map(([kind, tally]) => tally.row(kind));
  if (drifts.length > 0) rows.push(driftRow(drifts));
  for (const row of rows) console.log(values.json ? JSON.stringify(row) : line(row));
  process.exitCode = rows.every(({ asWanted }) => asWanted) ? 0 : 1;
}

class Tally {
  #passed = 0;
  #seeds = 0;
  readonly #reasons = new Map<string, number>();

  add({
    outcome,
    checks,
  }: Pick<Verdict, 'outcome'> & { checks: readonly Verdict['checks'][number][] }) {
    this.#seeds += 1;
    if (outcome === Outcome.OUTCOME_PASS) this.#passed += 1;
    const stopping = checks.filter(
      (check) => !check.advisory && check.outcome !== Outcome.OUTCOME_PASS,
    );
    for (const reason of new Set(
      stopping.map(({ metric, name, reason }) => `${metric || name}: ${reason}`),
    )) {
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
  }

  row({ name, good }: Planted): Row {
    const reasons = [...this.#reasons]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 4)
      .map(([reason, count]) => `${reason} ×${count}`);
    const asWanted =
      good === undefined ||
      (good ? this.#passed >= Math.ceil(0.95 * this.#seeds) : this.#passed === 0);
    return { name, good, passed: this.#passed, seeds: this.#seeds, reasons, asWanted };
  }
}

/**
 * Drift is as wanted when the gate stops it before more was truly lost than the policy allows; a
 * point more is left to the errors of the gate's interval and of the fresh samples.
 */
function driftRow(drifts: readonly Drift[]): Row {
  const allowed = -(defaultPolicy.modes.untrain['held_out_accuracy.vs_original']?.low ?? 0);
  const passed = drifts.filter(
    ({ stoppedAt, trueDrop }) => stoppedAt === undefined || trueDrop > allowed + 0.01,
  ).length;
  const stops = drifts.map(({ stoppedAt }) => stoppedAt ?? Number.POSITIVE_INFINITY);
  const worst = Math.max(...drifts.map(({ trueDrop }) => trueDrop));
  return {
    name: 'slow drift over 50 rounds',
    good: false,
    passed,
    seeds: drifts.length,
    reasons: [
      ...new Set(drifts.flatMap(({ metrics }) => metrics)),
      `stopped in rounds ${Math.min(...stops)} to ${Math.max(...stops)}`,
      `most that was truly lost ${(100 * worst).toFixed(2)} points of ${100 * allowed} allowed`,
    ],
    asWanted: passed === 0,
  };
}

function line({ name, good, passed, seeds, reasons, asWanted }: Row): string {
  const mark = asWanted ? 'ok  ' : 'NOT ';
  return `${mark}${good === undefined ? 'open' : good ? 'good' : 'bad '}  ${name.padEnd(38)} passed ${String(passed).padStart(2)} of ${seeds}  ${reasons.join('; ')}`;
}

function describe(world: World): void {
  const show = (weights: Parameters<typeof accuracyOf>[0]) =>
    [world.fresh, world.forget, world.earlier, world.retain]
      .map((samples) => (100 * accuracyOf(weights, samples)).toFixed(1))
      .join(' / ');
  process.stderr.write(
    `accuracy on fresh / forget / earlier / retain samples: never saw ${show(world.neverSaw)}, served ${show(world.served)}, original ${show(world.original)}\n`,
  );
}

if (values.help) console.log(usage);
else await bench();
