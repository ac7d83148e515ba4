import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '@lethe/contracts';
import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../open-dataset.ts';
import { temporaryFolder } from '../testing/folders.ts';

/** A JPEG of one shade of grey. */
function jpg(size: number, shade: number): Buffer {
  const data = Buffer.alloc(size * size * 4, 255);
  for (let i = 0; i < data.length; i += 4) data.fill(shade, i, i + 3);
  return jpeg.encode({ width: size, height: size, data }, 95).data;
}

async function folderWith(files: Record<string, Uint8Array | string>) {
  const path = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, dirname(name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const open = (kind: string, path: string, split: string) =>
  openDataset({ kind, path, split, options: {} });

/** The layout of tiny-imagenet-200.zip, with two classes. */
function tinyImageNet(): Record<string, Uint8Array | string> {
  return {
    'tiny-imagenet-200/wnids.txt': 'n02124075\nn01443537\n',
    'tiny-imagenet-200/words.txt':
      'n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\n',
    'tiny-imagenet-200/train/n01443537/n01443537_boxes.txt': 'n01443537_0.JPEG\t0\t10\t63\t58\n',
    'tiny-imagenet-200/train/n01443537/images/n01443537_0.JPEG': jpg(64, 200),
    'tiny-imagenet-200/train/n01443537/images/n01443537_1.JPEG': jpg(64, 100),
    'tiny-imagenet-200/train/n02124075/n02124075_boxes.txt': '',
    'tiny-imagenet-200/train/n02124075/images/n02124075_0.JPEG': jpg(64, 50),
    'tiny-imagenet-200/val/val_annotations.txt':
      'val_0.JPEG\tn02124075\t0\t32\t44\t62\nval_1.JPEG\tn01443537\t52\t55\t57\t59\n',
    'tiny-imagenet-200/val/images/val_0.JPEG': jpg(64, 10),
    'tiny-imagenet-200/val/images/val_1.JPEG': jpg(64, 250),
    'tiny-imagenet-200/test/images/test_0.JPEG': jpg(64, 1),
  };
}

describe('Tiny-ImageNet', () => {
  it('reads training pictures by class, validation pictures by their list', async () => {
    await using folder = await folderWith(tinyImageNet());
    await using train = await open('tiny-imagenet', folder.path, 'train');
    expect(train.classNames).toEqual(['goldfish, Carassius auratus', 'Egyptian cat']);
    expect(train.shape).toEqual([64, 64, 3]);
    expect([0, 1, 2].map((row) => train.label(row))).toEqual([0, 0, 1]);
    expect(train.sampleId(1)).toBe('train/n01443537/images/n01443537_1.JPEG');
    const { values } = await train.read([1]);
    expect(values[0]).toBeCloseTo(100 / 255, 1);

    const inner = join(folder.path, 'tiny-imagenet-200');
    await using val = await open('tiny-imagenet', inner, 'val');
    expect([0, 1].map((row) => val.label(row))).toEqual([1, 0]);
    const [bytes] = await val.sampleBytes([1]);
    expect(sha256(bytes!)).toBe(sha256(jpg(64, 250)));
  });

  it('names classes by their id where words.txt is missing', async () => {
    const { 'tiny-imagenet-200/words.txt': _, ...files } = tinyImageNet();
    await using folder = await folderWith(files);
    await using train = await open('tiny-imagenet', folder.path, '');
    expect(train.classNames).toEqual(['n01443537', 'n02124075']);
  });

  it('refuses the split without labels, a class that is not listed, a folder that is not there', async () => {
    await using folder = await folderWith({
      ...tinyImageNet(),
      'tiny-imagenet-200/val/val_annotations.txt': 'val_0.JPEG\tn99999999\t0\t0\t1\t1\n',
    });
    await expect(open('tiny-imagenet', folder.path, 'test')).rejects.toThrow(
      /split = "test".*train and val.*no labels/,
    );
    await expect(open('tiny-imagenet', folder.path, 'val')).rejects.toThrow(
      /val_annotations\.txt, line 1.*n99999999/,
    );
    await expect(open('tiny-imagenet', join(folder.path, 'x'), 'train')).rejects.toThrow(
      /wnids\.txt: it does not exist/,
    );
  });
});

/** The layout of RAF-DB's basic set, with three pictures. */
function rafDb(list: string): Record<string, Uint8Array | string> {
  return {
    'basic/EmoLabel/list_patition_label.txt': list,
    'basic/Image/aligned/train_00001_aligned.jpg': jpg(100, 30),
    'basic/Image/aligned/train_00002_aligned.jpg': jpg(100, 90),
    'basic/Image/aligned/test_0001_aligned.jpg': jpg(100, 220),
  };
}

describe('RAF-DB', () => {
  const list = 'train_00001.jpg 5\ntrain_00002.jpg 1\ntest_0001.jpg 7\n';

  it('reads the aligned faces of a split with their emotions', async () => {
    await using folder = await folderWith(rafDb(list));
    await using train = await open('raf-db', folder.path, 'train');
    expect(train.size).toBe(2);
    expect(train.classNames[train.label(0)]).toBe('sadness');
    expect(train.classNames[train.label(1)]).toBe('surprise');
    expect(train.shape).toEqual([100, 100, 3]);
    await using test = await open('raf-db', join(folder.path, 'basic'), 'test');
    expect(test.sampleId(0)).toBe('Image/aligned/test_0001_aligned.jpg');
    expect((await test.read([0])).values[5]).toBeCloseTo(220 / 255, 1);
  });

  it.each([
    ['a label out of range', 'train_00001.jpg 8\n', /line 1 = "train_00001\.jpg 8".*1 to 7/],
    ['another name', 'train_00001.jpg 5\n../x.jpg 3\n', /line 2/],
    ['no picture of the split', 'test_0001.jpg 7\n', /lists no picture of train/],
  ])('refuses a list with %s', async (_, text, message) => {
    await using folder = await folderWith(rafDb(text));
    await expect(open('raf-db', folder.path, 'train')).rejects.toThrow(message);
  });

  it('names a picture that is listed and missing', async () => {
    await using folder = await folderWith(rafDb(`${list}train_00003.jpg 2\n`));
    await expect(open('raf-db', folder.path, 'train')).rejects.toThrow(/train_00003_aligned\.jpg/);
  });
});
