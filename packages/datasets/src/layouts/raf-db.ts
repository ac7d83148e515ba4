import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetSource, LetheError } from '@lethe/contracts';
import { exists, fileError } from '../data-file.ts';
import { SourceOptions, trainOrTest } from '../source-options.ts';
import type { SampleLayout } from '../stored-dataset.ts';
import { pictureLayout } from './picture-list.ts';

/** Labels 1 … 7 of the list. */
const emotions = ['surprise', 'fear', 'disgust', 'happiness', 'sadness', 'anger', 'neutral'];

/**
 * Kind `raf-db`: the basic set of RAF-DB (Li et al., CVPR 2017) as it is distributed:
 * EmoLabel/list_patition_label.txt (the authors' spelling) with a line `train_00001.jpg 5` for each
 * picture, and the aligned faces, 100 × 100, Image/aligned/train_00001_aligned.jpg. The path is the
 * folder with these two, or the one around `basic`.
 */
export async function openRafDb(source: DatasetSource): Promise<SampleLayout> {
  new SourceOptions(source, []);
  const split = trainOrTest(source);
  const list = join('EmoLabel', 'list_patition_label.txt');
  const inner = join(source.path, 'basic');
  const root = (await exists(join(inner, list))) ? inner : source.path;
  const file = join(root, list);
  const files: string[] = [];
  const labels: number[] = [];
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name, part, label] = /^((train|test)_\d+)\.jpg ([1-7])\s*$/.exec(line) ?? [];
    if (name === undefined) {
      throw LetheError.invalid(
        `${file}, line ${index + 1}`,
        line,
        'must be like "train_00001.jpg 5", with a label from 1 to 7',
        'Take the file as it is distributed.',
      );
    }
    if (part !== split) continue;
    files.push(`Image/aligned/${name}_aligned.jpg`);
    labels.push(Number(label) - 1);
  }
  if (files.length === 0) {
    throw LetheError.invalid(
      file,
      'no line',
      `lists no picture of ${split}`,
      'Take it as it is distributed.',
    );
  }
  return pictureLayout(root, { classNames: emotions, files, labels: Int32Array.from(labels) }, 3);
}
