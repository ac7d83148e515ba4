/** Shows how far long work is: redrawn in place on a terminal, a line per tenth elsewhere. */
export interface ProgressBar {
  update(done: number, total: number, note?: string): void;
  finish(note?: string): void;
}

const barWidth = 24;
/** What is over sooner needs no forecast. */
const forecastFromMs = 15_000;

export function progressBar(stream: NodeJS.WriteStream, label: string): ProgressBar {
  return stream.isTTY ? redrawn(stream, label) : logged(stream, label);
}

/** For `--json` and tests: shows nothing. */
export const silentProgress: ProgressBar = { update: () => {}, finish: () => {} };

/** For what often runs by the clock: on a terminal only. */
export function quietProgress(
  out: { progress(label: string): ProgressBar },
  label: string,
): ProgressBar {
  return process.stderr.isTTY === true ? out.progress(label) : silentProgress;
}

function redrawn(stream: NodeJS.WriteStream, label: string): ProgressBar {
  let lastDraw = 0;
  const pace = new Pace();
  const draw = (text: string) =>
    stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
  return {
    update(done, total, note = '') {
      const now = performance.now();
      const left = pace.left(done, total, now);
      if (now - lastDraw < 50 && done < total) return;
      lastDraw = now;
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const filled = Math.round(share * barWidth);
      const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
      draw(`${label} ${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${note}${left}`);
    },
    finish(note = '') {
      draw('');
      if (note !== '') stream.write(`${label}: ${note}\n`);
    },
  };
}

function logged(stream: NodeJS.WriteStream, label: string): ProgressBar {
  let lastTenth = -1;
  const pace = new Pace();
  return {
    update(done, total, note = '') {
      const left = pace.left(done, total, performance.now());
      const tenth = total > 0 ? Math.floor((10 * done) / total) : 0;
      if (tenth === lastTenth) return;
      lastTenth = tenth;
      stream.write(`${label}: ${tenth * 10} %  ${note}${left}`.trimEnd().concat('\n'));
    },
    finish(note = '') {
      if (note !== '') stream.write(`${label}: ${note}\n`);
    },
  };
}

/** How long the rest of one stretch of work takes, at its pace so far. */
export class Pace {
  #startedMs = 0;
  #startedAt = 0;
  #lastDone = Number.POSITIVE_INFINITY;

  /** `, 12 min left`; empty for short work and where nothing can be told yet. */
  left(done: number, total: number, nowMs: number): string {
    if (done < this.#lastDone) [this.#startedMs, this.#startedAt] = [nowMs, done];
    this.#lastDone = done;
    const passedMs = nowMs - this.#startedMs;
    const share = (done - this.#startedAt) / (total - this.#startedAt);
    if (!(share > 0) || share >= 1) return '';
    const leftMs = (passedMs * (1 - share)) / share;
    return passedMs + leftMs < forecastFromMs ? '' : `, ${roughly(leftMs / 1000)} left`;
  }
}

function roughly(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
