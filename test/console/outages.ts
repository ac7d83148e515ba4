/** Registries that go away, and sessions that end, under the page. */
import type { DeadLetterPage, Session } from '@lethe/console';
import { expect, test } from 'vitest';
import { axeFindings } from './accessibility.ts';
import { context, goTo, openAs, page, text, world } from './scene.ts';

export function testOutages(): void {
  test('a server that restarts under the page is told of, and caught up with', async () => {
    await openAs('alice');
    await goTo('/models/tiny', 'tiny');
    await text('live');
    await world.stop();
    await text(/connection to the registry is lost/);
    expect(await axeFindings(page)).toEqual([]);
    const rounds = page.getByRole('group', { name: /Lineage of tiny/ }).getByRole('link');
    const before = await rounds.count();
    expect(before).toBeGreaterThan(3);
    await world.start(true);
    await text('live');
    await page.getByText(/connection to the registry is lost/).waitFor({ state: 'hidden' });
    // Still signed in, and what happens now is seen without a reload.
    await world.submit({ subject: 'subject-6' });
    await expect.poll(() => rounds.count()).toBeGreaterThan(before);
  });

  test('what changes before a page listens is shown', async () => {
    let listen = () => {};
    const listening = new Promise<void>((resolve) => {
      listen = resolve;
    });
    await page.route('**/api/changes', async (route) => {
      await listening;
      await route.continue();
    });
    await goTo('/dead-letters', 'Dead letters');
    await text('No dead letter is open.');
    await world.poison('early');
    const open = async () => (await world.get<DeadLetterPage>('/dead-letters')).openCount;
    await expect.poll(open).toBe(1);
    listen();
    await page.getByRole('button', { name: 'Replay …' }).waitFor();
    await page.unroute('**/api/changes');
  });

  test('a session that ends is told of, and one is back where one was after signing in', async () => {
    await openAs('carol');
    await goTo('/audit-log', 'Audit log');
    await world.identify(['alice', 'bob']);
    await text('Your session has ended');
    expect(await axeFindings(page)).toEqual([]);
    await world.identify(['alice', 'carol']);
    // The file is looked at once a second.
    await expect.poll(async () => (await world.get<Session>('/session')).kind).toBe('known');
    await page.getByLabel('Token').fill(world.tokenOf('carol'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect((await context.cookies()).filter(({ name }) => name === 'lethe')).toEqual([]);
  });
}
