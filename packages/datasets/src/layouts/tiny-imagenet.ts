import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { exists, fileError, listFolder } from '../data-file.ts';
import { SourceOptions } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { type Pictures, pictureLayout } from './picture-list.ts';

/**
 * Kind `tiny-imagenet`: the folder tiny-imagenet-200 as it is distributed (CS231n), or the one
 * around it. Split `train` is train/WNID/images/WNID_N.JPEG, split `val` is val/images/val_N.JPEG
 * with its labels in val/val_annotations.txt; the pictures of test/ have no labels. Classes are the
 * lines of wnids.txt in alphabetical order, named by words.txt where that is there.
 */
export async function openTinyImageNet(source: DatasetSource): Promise<SampleLayout> {
  new SourceOptions(source, []);
  const inner = join(source.path, 'tiny-imagenet-200');
  const root = (await exists(join(inner, 'wnids.txt'))) ? inner : source.path;
  const wnids = (await linesOf(join(root, 'wnids.txt'))).sort();
  const pictures = {
    ...(splitOf(source) === 'val' ? await validation(root, wnids) : await training(root, wnids)),
    classNames: await namesOf(root, wnids),
  };
  // Some of its pictures are grey.
  return pictureLayout(root, pictures, 3);
}

type Listed = Pick<Pictures, 'files' | 'labels'>;

async function training(root: string, wnids: readonly string[]): Promise<Listed> {
  const files: string[] = [];
  const labels: number[] = [];
  for (const [label, wnid] of wnids.entries()) {
    const folder = `train/${wnid}/images`;
    for (const name of await listFolder(join(root, folder))) {
      if (!/\.jpe?g$/i.test(name)) continue;
      files.push(`${folder}/${name}`);
      labels.push(label);
    }
  }
  return { files, labels: Int32Array.from(labels) };
}

async function validation(root: string, wnids: readonly string[]): Promise<Listed> {
  const file = join(root, 'val', 'val_annotations.txt');
  const labelOf = new Map(wnids.map((wnid, label) => [wnid, label]));
  const files: string[] = [];
  const labels: number[] = [];
  for (const [index, line] of (await linesOf(file)).entries()) {
    // File, WNID, and a box that is not used.
    const [name = '', wnid = ''] = line.split('\t');
    const label = labelOf.get(wnid);
    if (name !== basename(name) || name === '' || label === undefined) {
      throw LetheError.invalid(
        `${file}, line ${index + 1}`,
        line,
        'must be a picture, a tab and a class of wnids.txt',
        'Take the file as it is distributed.',
      );
    }
    files.push(`val/images/${name}`);
    labels.push(label);
  }
  return { files, labels: Int32Array.from(labels) };
}

async function namesOf(root: string, wnids: readonly string[]): Promise<string[]> {
  const file = join(root, 'words.txt');
  if (!(await exists(file))) return [...wnids];
  const words = new Map(
    (await linesOf(file)).map((line) => line.split('\t', 2) as [string, string]),
  );
  return wnids.map((wnid) => words.get(wnid) ?? wnid);
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  } catch (cause) {
    throw fileError(file, cause);
  }
}

function splitOf({ kind, split }: DatasetSource): 'train' | 'val' {
  if (split === '' || split === 'train') return 'train';
  if (split === 'val') return 'val';
  throw LetheError.invalid(
    'split',
    split,
    `${kind} has the splits train and val`,
    'Use one of them; its test pictures have no labels.',
  );
}
