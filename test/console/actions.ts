/** What the console offers to do, done in the page and looked up at the registry. */
import type {
  AuditPage,
  CallbackPage,
  DeadLetterPage,
  History,
  ModelView,
  RequestView,
} from '@lethe/console';
import { expect, test } from 'vitest';
import { axeFindings, tabTo } from './accessibility.ts';
import {
  context,
  ended,
  escalated,
  goTo,
  hostile,
  openAs,
  page,
  stateOf,
  text,
  world,
} from './scene.ts';

export function testActions(): void {
  test('an operator extends a deadline, once', async () => {
    await openAs('alice');
    await goTo(`/requests/${escalated}`, `Request ${escalated}`);
    await page.getByRole('button', { name: 'Extend the deadline …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await act('Extend the deadline …', 'Extend the deadline', 'A whole class has to be retrained.');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await text('(extended)');
    expect(await world.get<RequestView>(`/requests/${escalated}`)).toMatchObject({
      isExtended: true,
    });
    expect(await page.getByRole('button', { name: 'Extend the deadline …' }).count()).toBe(0);
  });

  test('a version is quarantined', async () => {
    await goTo('/models/tiny/rounds/3', 'Round 3 of tiny');
    await page.getByRole('button', { name: 'Quarantine …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await act('Quarantine …', 'Quarantine', hostile);
    await text('! quarantined');
    const { entries } = await world.get<History>('/models/tiny/history');
    expect(entries.find(({ sequence }) => sequence === 3)).toMatchObject({ state: 'quarantined' });
  });

  test('a dead letter is sent again', async () => {
    await world.poison('another');
    await goTo('/dead-letters', 'Dead letters');
    await page.getByRole('button', { name: 'Replay …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await act('Replay …', 'Replay', 'The service that set it aside was mended.');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    const replayed = await world.get<DeadLetterPage>('/dead-letters?show=replayed');
    expect(replayed.deadLetters).toMatchObject([{ decidedBy: 'alice', state: 'replayed' }]);
  });

  test('a callback that was given up is sent again', async () => {
    await world.giveUpACallback(hostile);
    await goTo('/', 'Overview');
    await page.getByRole('link', { name: /1 callback given up/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Callbacks' }).waitFor();
    await text(hostile);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: /^Send again/ }).click();
    await text('No callback failed.');
    await expect.poll(() => callbacks('failed')).toEqual([]);
  });

  test('an emitter takes a request back, and hears of it once its receiver is there', async () => {
    const unwanted = await world.submit({ class_label: 2 }, { mode: 'MODE_MISCLASSIFY' });
    await ended(unwanted, 'escalated');
    const told = (requestState: string) =>
      expect.objectContaining({ requestId: unwanted, requestState });
    // What a receiver refuses holds back its next ones: the first to be refused is the cancellation.
    await expect.poll(() => callbacks('delivered')).toContainEqual(told('escalated'));
    world.receives = false;
    await openAs('shop');
    await goTo(`/requests/${unwanted}`, `Request ${unwanted}`);
    await page.getByRole('button', { name: 'Cancel …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await act('Cancel …', 'Cancel the request', hostile);
    await text('– cancelled');
    await text(hostile);
    expect(await stateOf(unwanted)).toBe('cancelled');
    await goTo('/callbacks?show=pending', 'Callbacks');
    const waiting = page.getByRole('row').filter({ hasText: 'cancelled' });
    await waiting.getByText(/503/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    world.receives = true;
    await waiting.getByRole('button', { name: /^Send again/ }).click();
    await waiting.waitFor({ state: 'hidden' });
    await expect.poll(() => callbacks('delivered')).toContainEqual(told('cancelled'));
  });

  test('an approver denies what nothing can carry out', async () => {
    await openAs('bob');
    await goTo(`/requests/${escalated}`, `Request ${escalated}`);
    await page.getByRole('button', { name: 'Deny …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await act('Deny …', 'Deny the request', 'The law wants it kept.');
    await text('– denied');
    expect(await stateOf(escalated)).toBe('denied');
    const { entries } = await world.get<AuditPage>('/audit-log');
    expect(entries).toContainEqual(expect.objectContaining({ actor: 'bob', modelKey: 'tiny' }));
  });

  test('everything is reached by keyboard, and shows where one is', async () => {
    await openAs('alice');
    await goTo('/', 'Overview');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.evaluate('document.activeElement.blur(); document.body.focus()');
    await tabTo(page, 'Dead letters');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor();
    await page.getByRole('button', { name: 'Drop …' }).waitFor();
    await tabTo(page, 'Drop …');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Leave it at that' });
    await dialog.waitFor();
    // What is behind the dialog is out of reach.
    for (let stops = 0; stops < 8; stops++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate("document.activeElement.closest('dialog, body').tagName")).toBe(
        (await page.evaluate('document.activeElement.tagName')) === 'BODY' ? 'BODY' : 'DIALOG',
      );
    }
    await page.keyboard.press('Escape');
    // Gone, not only hidden: a key that comes before that is faster than anybody's.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Drop …');
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Tab');
    await dialog.getByLabel(/^Why/).focus();
    await page.keyboard.type('Nobody needs it.');
    await tabTo(page, 'Drop');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await expect
      .poll(async () => (await world.get<DeadLetterPage>('/dead-letters?show=dropped')).deadLetters)
      .toContainEqual(expect.objectContaining({ decisionReason: 'Nobody needs it.' }));
  });

  test('a rollback needs two people, and is seen by others as it happens', async () => {
    await openAs('carol');
    const watcher = page;
    await goTo('/models/tiny', 'tiny');
    const pages = [context];
    const as = async (name: string) => {
      await openAs(name, true);
      pages.push(context);
      await goTo('/models/tiny', 'tiny');
    };
    await as('bob');
    await page.getByRole('button', { name: 'Roll back …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Version to serve').selectOption('1');
    await dialog.getByLabel(/^Why/).fill(`Version 2 confuses rings. ${hostile}`);
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await dialog.getByText(/still remembers what 1 completed requests/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByLabel(/Override/).check();
    await dialog.getByRole('button', { name: 'Propose' }).click();
    await dialog.getByText(/Somebody else has to approve/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await text('somebody else has to approve');

    await as('dora');
    await page.getByRole('button', { name: 'Approve …' }).click();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('dialog').getByLabel(/^Why/).fill('Agreed.');
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByText('Version 1 serves again').waitFor();
    // Nobody has touched this page since before the proposal.
    await watcher.getByText('Version 1', { exact: true }).waitFor();
    await watcher.getByRole('img', { name: /rollback to version 1 by bob\+dora/ }).waitFor();
    expect(await axeFindings(watcher)).toEqual([]);
    expect(await world.get<ModelView>('/models/tiny')).toMatchObject({
      serving: { sequence: 1, move: 'rollback', actor: 'bob+dora', override: true },
      proposals: [],
    });
    for (const each of pages) await each.close();
  });
}

/** Opens what a button asks, gives the reason, and agrees. */
async function act(button: string, confirm: string, why: string): Promise<void> {
  await page.getByRole('button', { name: button }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Why/).fill(why);
  await dialog.getByRole('button', { name: confirm, exact: true }).click();
}

async function callbacks(show: string) {
  return (await world.get<CallbackPage>(`/callbacks?show=${show}`)).callbacks;
}
