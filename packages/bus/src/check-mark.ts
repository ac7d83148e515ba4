import { LetheError } from '@lethe/contracts';
import { maxMarkBytes } from './message-bus.ts';

/** @throws LetheError `invalid` */
export function checkMark(mark: string): void {
  const sizeBytes = Buffer.byteLength(mark);
  if (sizeBytes <= maxMarkBytes) return;
  throw LetheError.invalid(
    'mark',
    `${sizeBytes} bytes`,
    `is more than the ${maxMarkBytes} that a broker keeps beside an offset`,
    'Write less beside the offset.',
  );
}
