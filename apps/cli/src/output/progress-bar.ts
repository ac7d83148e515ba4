/** Shows how far long work is: redrawn in place on a terminal, a line per tenth elsewhere. */
export interface ProgressBar {
  update(done: number, total: number, note?: string): void;
  finish(note?: string): void;
}

const barWidth = 24;

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
  const draw = (text: string) =>
    stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
  return {
    update(done, total, note = '') {
      const now = performance.now();
      if (now - lastDraw < 50 && done < total) return;
      lastDraw = now;
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const filled = Math.round(share * barWidth);
      const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
      draw(`${label} ${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${note}`);
    },
    finish(note = '') {
      draw('');
      if (note !== '') stream.write(`${label}: ${note}\n`);
    },
  };
}

function logged(stream: NodeJS.WriteStream, label: string): ProgressBar {
  let lastTenth = -1;
  return {
    update(done, total, note = '') {
      const tenth = total > 0 ? Math.floor((10 * done) / total) : 0;
      if (tenth === lastTenth) return;
      lastTenth = tenth;
      stream.write(`${label}: ${tenth * 10} %  ${note}`.trimEnd().concat('\n'));
    },
    finish(note = '') {
      if (note !== '') stream.write(`${label}: ${note}\n`);
    },
  };
}
