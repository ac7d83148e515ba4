import { type MessageBus, SqliteBus } from '@lethe/bus';
import { LetheError } from '@lethe/contracts';

/** Opens the message bus that an address names: `sqlite:FILE`. @throws LetheError `invalid` */
export async function openBus(address: string): Promise<MessageBus> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    return await SqliteBus.open({ file: address.slice('sqlite:'.length) });
  }
  throw LetheError.invalid('bus', address, 'names no message bus', 'Use sqlite:FILE.');
}
