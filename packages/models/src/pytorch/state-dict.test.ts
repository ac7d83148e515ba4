import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LetheError } from '@lethe/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  dict,
  global,
  legacyFile,
  type Python,
  pickle,
  stateDict,
  tensorPickle,
  tuple,
  zip,
  zipFile,
} from '../testing/torch-file.ts';
import { readStateDict } from './state-dict.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lethe-state-dict-'));
});
afterAll(() => rm(folder, { recursive: true }));

const matrix = { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
const scalar = { shape: [], values: Float32Array.of(7) };
const tensors = { 'module.w': matrix, n: scalar };
const storages = [matrix, scalar];

async function read(bytes: Uint8Array) {
  const file = path.join(folder, 'weights.th');
  await writeFile(file, bytes);
  return readStateDict(file);
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error: unknown = await read(bytes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LetheError);
  expect((error as LetheError).code).toBe('invalid');
  return (error as LetheError).message;
}

describe.each([
  ['legacy', legacyFile],
  ['zip', zipFile],
])('a state dict in the %s layout', (_, write) => {
  it('gives its tensors by name, without the prefix of DataParallel', async () => {
    const read1 = await read(write(stateDict(tensors), storages));
    expect(read1).toEqual(
      new Map([
        ['w', matrix],
        ['n', scalar],
      ]),
    );
  });

  it('is found inside a checkpoint', async () => {
    const checkpoint = dict([
      ['best_prec1', 91],
      ['state_dict', stateDict(tensors)],
    ]);
    expect([...(await read(write(checkpoint, storages))).keys()]).toEqual(['w', 'n']);
  });

  it('may hold transposed tensors', async () => {
    const transposed = call(
      global('torch._utils', '_rebuild_tensor'),
      { kind: 'persistent', id: storageId('FloatStorage', 6) },
      0,
      tuple(3, 2),
      tuple(1, 3),
    );
    const found = await read(write(dict([['w', transposed]]), [matrix]));
    expect(found.get('w')!.values).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
  });

  it('is refused when cut off anywhere', async () => {
    const whole = write(stateDict(tensors), storages);
    for (let length = 4; length < whole.length; length += 7) {
      expect(await refusal(whole.subarray(0, length))).toMatch(
        /Check that|not a file|get it again/,
      );
    }
    expect(await refusal(whole.subarray(0, whole.length - 1))).toMatch(/download is complete/);
  });

  it('with any one byte changed is read or refused, never anything else', async () => {
    const whole = write(stateDict({ w: matrix }), [matrix]);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 0xff;
      const outcome: unknown = await read(changed).catch((thrown: unknown) => thrown);
      expect(
        outcome instanceof Map || outcome instanceof LetheError,
        `byte ${at}: ${outcome}`,
      ).toBe(true);
    }
  });

  it.each([
    ['os.system', call(global('os', 'system'), 'touch /tmp/owned')],
    ['builtins.eval', call(global('builtins', 'eval'), '1+1')],
    ['torch.nn.modules.linear.Linear', call(global('torch.nn.modules.linear', 'Linear'))],
    ['collections.OrderedDict.__init__', global('collections', 'OrderedDict.__init__')],
  ])('is refused by name when it asks for %s', async (name, evil: Python) => {
    const file = write(
      dict([
        ['w', tensorPickle(matrix, '0')],
        ['x', evil],
      ]),
      [matrix],
    );
    const message = await refusal(file);
    expect(message).toContain(`pickle global = "${name}"`);
    expect(message).toContain('torch.save(model.state_dict(), path)');
  });

  it('is refused when a tensor reaches outside its storage', async () => {
    for (const [offset, shape, strides] of [
      [1, [2, 3], [3, 1]],
      [0, [2, 3], [4, 1]],
      [0, [7], [0]],
      [-1, [1], [1]],
      [0, [2], []],
    ] as const) {
      const tensor = call(
        global('torch._utils', '_rebuild_tensor'),
        { kind: 'persistent', id: storageId('FloatStorage', 6) },
        offset,
        tuple(...shape),
        tuple(...strides),
      );
      const message = await refusal(write(dict([['w', tensor]]), [matrix]));
      expect(message).toMatch(/weights\.th: w = .*does not lie inside its storage/);
    }
  });

  it('is refused when it holds no tensors', async () => {
    expect(await refusal(write(dict([['epoch', 3]]), []))).toContain('holds no state dict');
  });

  it('is refused when storages are called or described wrongly', async () => {
    for (const wrong of [
      call(global('torch', 'FloatStorage'), 10),
      { kind: 'persistent', id: storageId('FloatStorage', -1) } as const,
      { kind: 'persistent', id: tuple('module', 'x', 'y') } as const,
    ]) {
      expect(await refusal(write(dict([['w', wrong]]), []))).toContain('is not a tensor');
    }
  });
});

function storageId(type: string, length: number): Python {
  return tuple('storage', global('torch', type), '0', 'cpu', length, null);
}

describe('element types', () => {
  it.each([
    ['HalfStorage', [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00], [1, -2, 2 ** -24]],
    ['BFloat16Storage', [0x80, 0x3f, 0x00, 0xc0, 0x40, 0x40], [1, -2, 3]],
    ['LongStorage', [5, ...Array(7).fill(0), ...Array(8).fill(255)], [5, -1]],
    ['ByteStorage', [0, 255], [0, 255]],
  ])('%s become float32', async (type, bytes, expected) => {
    const tensor = call(
      global('torch._utils', '_rebuild_tensor_v2'),
      { kind: 'persistent', id: storageId(type, expected.length) },
      0,
      tuple(expected.length),
      tuple(1),
      false,
      null,
    );
    const file = zip([
      ['a/data.pkl', pickle(dict([['w', tensor]]))],
      ['a/data/0', Buffer.from(bytes)],
    ]);
    expect((await read(file)).get('w')!.values).toEqual(Float32Array.from(expected));
  });
});

describe('other files', () => {
  it('are refused: text, empty files, other zips, other pickles', async () => {
    expect(await refusal(Buffer.from('hello, world'))).toContain('is not a file of torch.save');
    expect(await refusal(Buffer.alloc(0))).toContain('is not a file of torch.save');
    expect(await refusal(zip([['word/document.xml', Buffer.from('x')]]))).toContain('data.pkl');
    expect(await refusal(pickle(dict([])))).toContain('is not a file of torch.save');
  });

  it('are named when they are not there', async () => {
    const error: unknown = await readStateDict(path.join(folder, 'no.th')).catch((it) => it);
    expect(error).toMatchObject({ code: 'not_found' });
    await expect(readStateDict(folder)).rejects.toThrow(/It is a folder/);
  });
});
