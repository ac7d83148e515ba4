import { resolve } from 'node:path';
import { type DatasetSource, LetheError, type RowRange } from '@lethe/contracts';

/** A data set as written on the command line, see {@link parseDataSetArgument}. */
export interface DataSetArgument {
  readonly source: DatasetSource;
  /** Rows of the source to use; empty: all. */
  readonly ranges: readonly RowRange[];
}

const form =
  'Write KIND:PATH?split=…&rows=FROM-TO, for example npz:train.npz or cifar10-binary:/data?split=test&rows=0-1000.';

/**
 * Parses `KIND:PATH?split=test&rows=0-1000,2000-3000&option=value`. Ranges are `[from, to)`.
 *
 * @throws LetheError `invalid` naming `option`
 */
export function parseDataSetArgument(option: string, text: string): DataSetArgument {
  const colon = text.indexOf(':');
  if (colon <= 0) throw LetheError.invalid(option, text, 'has no kind', form);
  const kind = text.slice(0, colon);
  const [path = '', query = ''] = splitOnce(text.slice(colon + 1), '?');
  if (path === '' && kind !== 'synthetic')
    throw LetheError.invalid(option, text, 'has no path', form);
  const options: Record<string, string> = {};
  let split = '';
  let ranges: RowRange[] = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'split') split = value;
    else if (name === 'rows') ranges = value.split(',').map((range) => parseRange(option, range));
    else options[name] = value;
  }
  return { source: { kind, path: path === '' ? '' : resolve(path), split, options }, ranges };
}

function parseRange(option: string, text: string): RowRange {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match && from < to) return { from, to };
  throw LetheError.invalid(
    `${option} rows`,
    text,
    'is not a range of rows',
    'Write FROM-TO with FROM < TO; TO is not included.',
  );
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
