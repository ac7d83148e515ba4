import { pino } from 'pino';
import { errorFields } from './error-fields.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import { prettyLine } from './pretty-line.ts';

export interface LogDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** auto: pretty on a terminal, JSON elsewhere. */
  readonly format?: 'auto' | 'json' | 'pretty';
  /** Default: standard error, written synchronously so that the last line before a death is there. */
  readonly destination?: LogDestination;
}

export function createLog(options: LogOptions): Log {
  const { format = 'auto' } = options;
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  const colours = pretty && process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined;
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (level) => ({ level }) },
      serializers: { error: errorFields },
    },
    pretty
      ? { write: (line: string) => destination.write(prettyLine(line, colours)) }
      : destination,
  );
  return new PinoLog(logger);
}

type Logger = pino.Logger;

class PinoLog implements Log {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#logger.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#logger.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#logger.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#logger.error(fields, message);
  }

  fatal(message: string, fields: LogFields = {}): void {
    this.#logger.fatal(fields, message);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger.child(fields));
  }
}
