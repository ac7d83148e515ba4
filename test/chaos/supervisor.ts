import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Member } from './fleet.ts';
import type { Surroundings } from './surroundings.ts';

export interface SupervisorOptions {
  readonly fleet: Fleet;
  readonly surroundings: Surroundings;
  readonly kills: number;
  /** Between two kills, on average. */
  readonly intervalMs: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Only these services are killed and paused, and nothing else. Default: everything is. */
  readonly only?: readonly Member['service'][];
  /** Share of the strikes at services that are pauses beyond the session time-out. Default 0.2. */
  readonly pauseShare?: number;
  /** The first so many strikes at services other than ingest are pauses. Default 0. */
  readonly leastPauses?: number;
  /** An unlearner is killed in a round after its first one: also on a machine that is slow to get there. */
  readonly killInRound?: boolean;
  readonly say: (line: string) => void;
  /** Hears how many kills are done. */
  readonly onKill: (done: number) => void;
}

export interface Damage {
  readonly kills: Readonly<Record<string, number>>;
  readonly pauses: Readonly<Record<string, number>>;
}

/** Of so many strikes one goes to bus or store. */
const surroundingsOneIn = 4;

/**
 * Kills (SIGKILL) and pauses (SIGSTOP) at random moments. What is killed comes back after up to
 * two seconds; what is paused wakes up as a zombie: others have taken over meanwhile.
 */
export async function wreakHavoc(options: SupervisorOptions): Promise<Damage> {
  const { fleet, surroundings, random, signal, say } = options;
  const kills: Record<string, number> = {};
  const pauses: Record<string, number> = {};
  const zombies = new Set<Promise<void>>();
  let paused = 0;
  const members = fleet.members.filter(
    ({ service }) => options.only === undefined || options.only.includes(service),
  );
  for (let done = 0; done < options.kills; ) {
    await sleep(options.intervalMs * (0.25 + 1.5 * random()), undefined, { signal });
    options.onKill(done);
    const { victims } = surroundings;
    if (options.only === undefined && victims.length > 0 && random() * surroundingsOneIn < 1) {
      const victim = victims[Math.floor(random() * victims.length)]!;
      const server = await victim.pick(random);
      say(`kill ${++done}: ${server.name}`);
      kills[victim.name] = (kills[victim.name] ?? 0) + 1;
      await server.kill();
      await sleep(random() * 1_000);
      await server.restart();
      continue;
    }
    const member = members[Math.floor(random() * members.length)]!;
    const { process: target } = member;
    if (target?.processId === undefined || member.held) continue;
    const isPause = () =>
      random() < (options.pauseShare ?? 0.2) || paused < (options.leastPauses ?? 0);
    if (member.service !== 'ingest' && isPause()) {
      paused += 1;
      pauses[member.service] = (pauses[member.service] ?? 0) + 1;
      const zombie = pause(member, surroundings.sessionTimeoutMs + 1_000 + 4_000 * random());
      zombies.add(zombie);
      say(`pause: ${member.name}`);
      continue;
    }
    say(`kill ${++done}: ${member.name}`);
    kills[member.service] = (kills[member.service] ?? 0) + 1;
    member.held = true;
    if (options.killInRound === true)
      await untilInRound(member, { first: false, withinMs: 30_000 });
    await target.kill();
    setTimeout(() => {
      member.held = false;
    }, random() * 2_000);
  }
  options.onKill(options.kills);
  await Promise.all(zombies);
  return { kills, pauses };
}

async function pause(member: Member, ms: number): Promise<void> {
  member.held = true;
  await untilInRound(member, { first: true, withinMs: 30_000 });
  await member.process?.pause();
  await sleep(ms);
  member.process?.resume();
  member.held = false;
}

/** An unlearner makes the more dangerous zombie when it is stopped in the middle of a round. */
async function untilInRound(
  { service, process }: Member,
  { first, withinMs }: { readonly first: boolean; readonly withinMs: number },
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (service === 'unlearner' && performance.now() < deadline) {
    const output = process?.output() ?? '';
    const committed = output.lastIndexOf('a round is committed');
    const isIn = output.lastIndexOf('a round begins') > committed;
    if (isIn && (first || committed >= 0)) return;
    await sleep(20);
  }
}
