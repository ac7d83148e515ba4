import { describeViolation, LetheError } from '@lethe/contracts/errors';
import picocolors from 'picocolors';
import { type ProgressBar, progressBar, silentProgress } from './progress-bar.ts';
import { type Column, renderTable } from './table.ts';

/** Where a command writes: people's text, or with `--json` one JSON value on stdout. */
export interface Output {
  readonly json: boolean;
  readonly colours: ReturnType<typeof picocolors.createColors>;
  /** A line for people; nothing with `--json`. */
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** The command's result; printed only with `--json`, one value a line. */
  result(value: unknown): void;
  /** Something to know on the way, on stderr; nothing with `--json`. */
  note(text: string): void;
  error(error: unknown): void;
  /** One of several things that were asked for was refused; the others go on. */
  refused(what: string, error: LetheError): void;
  progress(label: string): ProgressBar;
}

export function createOutput(options: { json: boolean }): Output {
  const { json } = options;
  const colours = picocolors.createColors(
    process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  );
  return {
    json,
    colours,
    line(text = '') {
      if (!json) process.stdout.write(`${text}\n`);
    },
    table(columns, rows) {
      if (!json) process.stdout.write(`${renderTable(columns, rows)}\n`);
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    note(text) {
      if (!json) process.stderr.write(`${text}\n`);
    },
    error(thrown) {
      const error = LetheError.from(thrown);
      if (json) {
        process.stderr.write(`${JSON.stringify(errorJson(error))}\n`);
        return;
      }
      process.stderr.write(`${colours.red('error')}: ${error.message}\n`);
      if (
        error.violations.length > 1 ||
        !error.message.includes(error.violations[0]?.remedy ?? '')
      ) {
        for (const violation of error.violations) {
          process.stderr.write(`  ${describeViolation(violation)}\n`);
        }
      }
      if (error.code === 'internal' && process.env['LETHE_DEBUG'] !== undefined) {
        process.stderr.write(`${error.stack}\n${String((error.cause as Error)?.stack ?? '')}\n`);
      }
    },
    refused(what, error) {
      const text = json
        ? JSON.stringify({ refused: what, ...errorJson(error) })
        : `${colours.red('refused')} ${error.message.startsWith(what) ? '' : `${what}: `}${error.message}`;
      process.stderr.write(`${text}\n`);
    },
    progress(label) {
      return json ? silentProgress : progressBar(process.stderr, label);
    },
  };
}

function errorJson(error: LetheError): object {
  return { error: { code: error.code, message: error.message, violations: error.violations } };
}
