import { dirname, join } from 'node:path';
import { LetheError } from '@lethe/contracts';
import { memberSeed } from '../unlearning/member-seed.ts';
import { writeWhole } from '../unlearning/write-whole.ts';
import { type AuditArguments, residualBlocks } from './arguments.ts';
import { KeptFiles } from './kept-files.ts';
import { loadParts } from './parts.ts';

/**
 * Writes what another program needs that trains the networks, where it is to leave them: `plan.json`,
 * the training images as uint8 [n, …sampleShape] and their labels as uint8 [n]. The plan says the
 * shapes of `model.getWeights()`, in whose order weights are to be written, float32.
 *
 * @returns the folder
 * @throws LetheError `invalid` without `--resume`, and for networks that no other program trains
 */
export async function exportPlan(args: AuditArguments): Promise<string> {
  const file = new KeptFiles(args).trained('plan.json');
  if (file === undefined) {
    throw LetheError.invalid('--resume', '', 'is missing', 'Say where --export is to write.');
  }
  const blocks = residualBlocks[args.network];
  if (blocks === undefined) {
    throw LetheError.invalid(
      '--network',
      args.network,
      'is not trained by other programs',
      `Take one of ${Object.keys(residualBlocks).join(', ')}, or leave out --export.`,
    );
  }
  const { seed, members, epochs, augment } = args;
  const { network, train, forgetRows } = await loadParts(args);
  const leftOut = [...forgetRows];
  const networks = [{ file: 'original.bin', seed, leftOut: [] as number[] }];
  for (let member = 0; member < members; member++) {
    const ofMember = memberSeed(seed, member);
    networks.push({ file: `member-${member}-retrained.bin`, seed: ofMember, leftOut });
    networks.push({ file: `member-${member}-shadow.bin`, seed: ofMember + 1, leftOut: [] });
  }
  const { sampleShape, classCount: classes } = network;
  const weights = network.model.getWeights().map(({ shape }) => shape);
  const folder = dirname(file);
  const pixels = new Uint8Array(train.values.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(255 * (train.values[i] as number));
  writeWhole(join(folder, 'images.u8'), pixels);
  writeWhole(join(folder, 'labels.u8'), Uint8Array.from(train.labels));
  writeWhole(
    file,
    JSON.stringify({ sampleShape, classes, blocks, weights, epochs, augment, networks }),
  );
  return folder;
}
