import { KeyRing } from '@lethe/evidence';
import type { GlobalOptions } from '../command-function.ts';
import { homeLayout } from '../embedded/home-layout.ts';

export interface KeyFolderOptions {
  readonly folder?: string;
}

export function openKeyFolder(options: KeyFolderOptions & GlobalOptions): KeyRing {
  return KeyRing.open(options.folder ?? homeLayout(options.home).keys, new Date());
}
