import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { listFolder } from '../data-file.ts';
import { SourceOptions } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { type Pictures, pictureLayout } from './picture-list.ts';

/**
 * Kind `image-folder`: path/CLASS/FILE.png or .jpg, with a split path/SPLIT/CLASS/FILE. Classes are
 * the folders in alphabetical order; files and folders that begin with a dot are passed over. All
 * pictures must have one size. Pictures are grey when the first one is, or as the option
 * `channels` (1 or 3) says.
 */
export async function openImageFolder(source: DatasetSource): Promise<SampleLayout> {
  const options = new SourceOptions(source, ['channels']);
  const channels = options.oneOf('channels', ['', '1', '3']);
  const root = source.split === '' ? source.path : join(source.path, source.split);
  const wanted = { '': undefined, '1': 1, '3': 3 } as const;
  return pictureLayout(root, await findPictures(root), wanted[channels as keyof typeof wanted]);
}

async function findPictures(root: string): Promise<Pictures> {
  const classNames: string[] = [];
  const files: string[] = [];
  const labels: number[] = [];
  for (const className of await visibleNames(root)) {
    if (!(await stat(join(root, className))).isDirectory()) continue;
    const names = await visibleNames(join(root, className));
    for (const name of names) {
      if (!/\.(png|jpe?g)$/i.test(name)) throw notPicture(join(root, className, name));
      files.push(`${className}/${name}`);
      labels.push(classNames.length);
    }
    if (names.length === 0) throw noPictures(join(root, className), 'is an empty folder');
    classNames.push(className);
  }
  if (classNames.length < 2) {
    throw noPictures(root, `has ${classNames.length} folders of pictures, two are the least`);
  }
  return { classNames, files, labels: Int32Array.from(labels) };
}

async function visibleNames(folder: string): Promise<string[]> {
  return (await listFolder(folder)).filter((name) => !name.startsWith('.'));
}

function notPicture(file: string): LetheError {
  return LetheError.invalid(
    file,
    'another kind of file',
    'must end in .png, .jpg or .jpeg',
    'Take it out of the folder.',
  );
}

function noPictures(folder: string, description: string): LetheError {
  return LetheError.invalid(
    folder,
    description,
    'cannot be read as a folder of labelled pictures',
    'Put the pictures of each class into a folder of its own: PATH/CLASS/FILE.png.',
  );
}
