import { activeTraceId } from '@lethe/telemetry';
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
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (level) => ({ level }) },
      serializers: { error: errorFields },
    },
    pretty
      ? { write: (line: string) => destination.write(prettyLine(line, colours)) }
      : destination,
  );
  return new PinoLog(logger, { service: options.service });
}

class PinoLog implements Log {
  readonly #logger: pino.Logger;
  /** On every line. Kept here, since a pino child writes a field twice that its parent has too. */
  readonly #fields: LogFields;

  constructor(logger: pino.Logger, fields: LogFields) {
    this.#logger = logger;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.#write('fatal', message, fields);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    const trace_id = activeTraceId();
    const trace = trace_id === undefined ? {} : { trace_id };
    this.#logger[level]({ ...this.#fields, ...trace, ...fields }, message);
  }
}
