import { LetheError } from '@lethe/contracts';

/** Text of a body. @throws LetheError `invalid` when it is no UTF-8 */
export function readText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw LetheError.invalid(
      'body',
      `${body.length} bytes`,
      'is not valid UTF-8',
      'Encode the body as UTF-8.',
    );
  }
}

/** @throws LetheError `invalid` naming `field` when it is no UTF-8 or no JSON */
export function readJson(text: string, field = 'body'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own words quote the text, which may be personal.
    const [at] = /at position \d+/.exec((cause as Error).message) ?? [];
    const description = `is not valid JSON${at === undefined ? '' : ` (${at})`}`;
    throw LetheError.invalid(field, text, description, 'Send one JSON value.');
  }
}
