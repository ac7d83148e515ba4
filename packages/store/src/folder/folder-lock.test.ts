import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { FolderLock } from './folder-lock.ts';

const holder = fileURLToPath(new URL('../../test/lock-holder.ts', import.meta.url));

test('has one holder at a time, within a process and between two clients', async () => {
  await using root = await temporaryFolder();
  await using one = new FolderLock(join(root.path, 'lock.sqlite'));
  await using two = new FolderLock(join(root.path, 'lock.sqlite'));
  let inside = 0;
  const work = async () => {
    inside++;
    expect(inside).toBe(1);
    await setTimeout(1);
    inside--;
  };
  await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).hold(work)));
});

test('is free again after work that failed, and hands the failure on', async () => {
  await using root = await temporaryFolder();
  await using lock = new FolderLock(join(root.path, 'lock.sqlite'));
  await expect(lock.hold(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await lock.hold(async () => 'yes')).toBe('yes');
});

test('is waited for while another process holds it, and free once that is killed', async () => {
  await using root = await temporaryFolder();
  const file = join(root.path, 'lock.sqlite');
  await using lock = new FolderLock(file);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', holder, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  let held = false;
  const turn = lock.hold(async () => {
    held = true;
  });
  await setTimeout(100);
  expect(held).toBe(false);
  child.kill('SIGKILL');
  await turn;
  expect(held).toBe(true);
});

test('gives up on a holder that does not end, by name', async () => {
  await using root = await temporaryFolder();
  const file = join(root.path, 'lock.sqlite');
  await using stuck = new FolderLock(file);
  await using lock = new FolderLock(file, 50);
  let release = () => {};
  let holding = Promise.resolve();
  await new Promise<void>((isHeld) => {
    holding = stuck.hold(() => {
      isHeld();
      return new Promise((resolve) => {
        release = resolve;
      });
    });
  });
  await expect(lock.hold(async () => {})).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(file),
  });
  release();
  await holding;
  await lock.hold(async () => {});
});
