const hidden = new Set(['level', 'time', 'service', 'message', 'error']);
const colourOf: Readonly<Record<string, string>> = {
  debug: '\u001b[2m',
  info: '',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31;1m',
};

interface Line extends Record<string, unknown> {
  readonly level: string;
  readonly time: string;
  readonly service: string;
  readonly message: string;
  readonly error?: { readonly code: string; readonly message: string; readonly stack?: string };
}

/** One JSON log line as people read it: `12:00:01.234 ingest warn  message key=value`. */
export function prettyLine(json: string, colours: boolean): string {
  const line = JSON.parse(json) as Line;
  const fields = Object.entries(line)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
  const error = line.error === undefined ? '' : `: ${line.error.message} (${line.error.code})`;
  const stack = line.error?.stack === undefined ? '' : `\n${line.error.stack}`;
  const text = `${line.time.slice(11, 23)} ${line.service} ${line.level.padEnd(5)} ${line.message}${error}${fields}${stack}`;
  const colour = colours ? (colourOf[line.level] ?? '') : '';
  return colour === '' ? `${text}\n` : `${colour}${text}\u001b[0m\n`;
}
