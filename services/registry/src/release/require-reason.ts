import { LetheError } from '@lethe/contracts';

const maxReasonCharacters = 500;

/** What a person gives as reason, trimmed. @throws LetheError `invalid` when it is missing or too long */
export function requireReason(reason: string): string {
  const text = reason.trim();
  if (text !== '' && text.length <= maxReasonCharacters) return text;
  throw LetheError.invalid(
    'reason',
    reason,
    text === '' ? 'is missing' : `has more than ${maxReasonCharacters} characters`,
    'Say in one sentence why, without naming a person: it stays in the record.',
  );
}
