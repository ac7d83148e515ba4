import { LetheError } from '@lethe/contracts';

/** Fields of one CSV record (RFC 4180), which here never spans lines. */
export function parseCsvLine(text: string, where: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const { field, end } = text[at] === '"' ? quoted(text, at, where) : plain(text, at);
    fields.push(field);
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

/** Positions of the two columns in the header. */
export function csvColumns(
  header: readonly string[],
  where: string,
): { sampleId: number; subject: number } {
  const names = header.map((name) => name.trim().toLowerCase());
  const columns = { sampleId: names.indexOf('sample_id'), subject: names.indexOf('subject') };
  if (columns.sampleId >= 0 && columns.subject >= 0) return columns;
  throw LetheError.invalid(
    where,
    header.join(','),
    'must be a header with the columns sample_id and subject',
    'Add it as the first line.',
  );
}

function plain(text: string, from: number): { field: string; end: number } {
  const comma = text.indexOf(',', from);
  const end = comma < 0 ? text.length : comma;
  return { field: text.slice(from, end), end };
}

function quoted(text: string, from: number, where: string): { field: string; end: number } {
  const match = /^"((?:[^"]|"")*)"(?=,|$)/.exec(text.slice(from));
  if (match !== null) {
    return { field: match[1]!.replaceAll('""', '"'), end: from + match[0].length };
  }
  throw LetheError.invalid(
    where,
    `column ${from + 1}`,
    'opens a quotation mark that is not closed before the next comma or the end of the line',
    'Write a quotation mark inside a quoted field twice.',
  );
}
