import { setTimeout as sleep } from 'node:timers/promises';
import { LetheError, ListDeadLettersRequest, type RoundProgress } from '@lethe/contracts';
import type { CommandFunction } from '../command-function.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { type Baseline, baselineOf, glanceJson, renderGlance, takeGlance } from '../top/glance.ts';
import { connectDeadLetters, connectRegistry, connectUnlearner } from './running-lethe.ts';

interface TopOptions {
  readonly every: number;
  readonly once?: boolean;
}

const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
/** A screen of its own, without cursor; what was there before comes back. */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

export const run: CommandFunction<TopOptions> = async (options, out) => {
  await using registry = connectRegistry(options);
  await using unlearner = connectUnlearner(options);
  await using letters = connectDeadLetters(options);
  const rounds = new Map<string, RoundProgress>();
  const stop = new AbortController();
  using _signals = abortOnSignals(stop);
  let baseline: Baseline | undefined;

  const glance = async () => {
    const [{ models }, { openCount }] = await Promise.all([
      registry.listModels({}),
      letters.listDeadLetters({ ...ListDeadLettersRequest.fromPartial({}), limit: 1 }),
    ]);
    const now = new Date();
    baseline ??= baselineOf(models, now);
    return takeGlance(models, rounds, { baseline, deadLetters: openCount, now });
  };
  const isScreen = process.stdout.isTTY === true && !out.json && options.once !== true;
  const isEndless = isScreen || (out.json && options.once !== true);
  // Fails where nothing runs, before the screen is taken.
  await glance();
  const watching = watch(unlearner.watchRounds({ modelKey: '' }, { signal: stop.signal }), rounds);
  // The first messages of the stream are the present state.
  await Promise.race([watching, sleep(isEndless ? 200 : 500)]);

  using _ = isScreen ? takeScreen() : undefined;
  try {
    for (;;) {
      const now = await glance().catch((thrown) => {
        // A restart of what is watched is waited out on a screen; scripts hear of it.
        if (!isScreen || LetheError.from(thrown).code !== 'unavailable') throw thrown;
        return undefined;
      });
      if (isScreen)
        draw(
          now === undefined
            ? ['lethe does not answer; trying again …']
            : renderGlance(now, process.stdout.rows || 24),
        );
      else if (now !== undefined) {
        out.result(glanceJson(now));
        for (const line of renderGlance(now)) out.line(line);
      }
      if (!isEndless) return exitCodes.ok;
      await sleep(options.every, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return exitCodes.ok;
    }
  } finally {
    stop.abort();
    await watching;
  }
};

/** Ctrl-C is how a view ends: no error. */
function abortOnSignals(stop: AbortController): Disposable {
  const abort = () => stop.abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', abort).off('SIGTERM', abort);
    },
  };
}

/** Keeps the last word of every model. A stream that ends leaves the rest of the view working. */
async function watch(updates: AsyncIterable<RoundProgress>, rounds: Map<string, RoundProgress>) {
  try {
    for await (const update of updates) rounds.set(update.modelKey, update);
  } catch {
    // Services that run apart: the unlearner has another address. Rounds are then not shown.
  }
  rounds.clear();
}

function takeScreen(): Disposable {
  const restore = () => process.stdout.write(leave);
  process.stdout.write(enter);
  // Also where the process ends otherwise.
  process.on('exit', restore);
  return {
    [Symbol.dispose]() {
      process.off('exit', restore);
      restore();
    },
  };
}

/** Over what was drawn before, without flicker. */
function draw(lines: readonly string[]): void {
  // A terminal of unknown size says 0.
  const width = process.stdout.columns || 80;
  const text = lines.map((line) => `${line.slice(0, width)}${clearLine}`).join('\n');
  process.stdout.write(`${home}${text}${clearBelow}`);
}
