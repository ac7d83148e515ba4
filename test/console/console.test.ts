// The console as operators and auditors meet it: one run of Lethe, looked at in a real Chromium.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestView, Session } from '@lethe/console';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openChromium } from '../support/chromium/open-chromium.ts';
import { axeFindings } from './accessibility.ts';
import { ConsoleWorld } from './console-world.ts';

/** What a page would do if it took this for markup. */
const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

let world: ConsoleWorld;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];
let forgotten: string;
let escalated: string;

beforeAll(async () => {
  [world, browser] = await Promise.all([ConsoleWorld.create(), openChromium()]);
  await openAs('alice');
  forgotten = await world.submit({ subject: 'subject-1' });
  await ended(forgotten, 'completed');
  const second = await world.submit({ subject: 'subject-3' });
  await ended(second, 'completed');
  await world.stop();
  await world.start(true);
  escalated = await world.submit({ class_label: 3 }, { mode: 'MODE_MISCLASSIFY' });
  await ended(escalated, 'escalated');
  await world.submit({ subject: 'subject-nobody-knows' });
  await world.poison(hostile);
});

afterAll(async () => {
  await browser?.close();
  await world?.[Symbol.asyncDispose]();
});

afterEach(() => {
  // Nothing is refused by the content-security policy, and nothing throws.
  expect(complaints.splice(0)).toEqual([]);
});

/** A browser of somebody who has just signed in. */
async function openAs(name: string): Promise<void> {
  await context?.close();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Answers that are no success are told there too, by status; tests look at what the page says.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  await page.goto(world.origin);
  await page.getByLabel('Token').fill(world.tokenOf(name));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Sign out').waitFor();
}

async function ended(requestId: string, state: string): Promise<void> {
  const stands = async () =>
    (await world.get<RequestView>(`/requests/${requestId}`)).state === state;
  for (let tries = 0; !(await stands()); tries++) {
    if (tries > 600) throw new Error(`${requestId} is not ${state} after five minutes`);
    await sleep(500);
  }
}

async function goTo(path: string, heading: string | RegExp): Promise<void> {
  await page.goto(world.origin + path);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

const text = (part: string | RegExp) => page.getByText(part).first().waitFor();

test('a wrong token opens nothing, and the page says so', async () => {
  const stranger = await browser.newPage();
  await stranger.goto(`${world.origin}/models/tiny`);
  await stranger.getByLabel('Token').fill('a-guess');
  await stranger.getByRole('button', { name: 'Sign in' }).click();
  await stranger.getByText('This token is not known here.').waitFor();
  expect(await axeFindings(stranger)).toEqual([]);
  await stranger.close();
});

test('the overview says what serves and what needs somebody', async () => {
  await goTo('/', 'Overview');
  await text('version 2');
  await text(/1 request of tiny escalated/);
  await text(/dead letter.* waiting for a decision/);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'tiny', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'tiny' }).waitFor();
});

test('a model shows its lineage as a picture that the keyboard walks through', async () => {
  await goTo('/models/tiny', 'tiny');
  const picture = page.getByRole('group', { name: /Lineage of tiny/ });
  await picture.waitFor();
  expect(await picture.getByRole('link').count()).toBe(4);
  await picture.getByRole('img', { name: /1 request escalated after 2 attempts/ }).waitFor();
  await picture.getByRole('link', { name: /Round 2: serving/ }).waitFor();
  await page.getByRole('img', { name: /Accuracy on held-out samples of 4 candidates/ }).waitFor();
  await page.getByRole('img', { name: /Accuracy on what each of 4 rounds/ }).waitFor();
  expect(await page.getByRole('region', { name: 'Log of attempts' }).getByRole('row').count()).toBe(
    6,
  );
  expect(await axeFindings(page)).toEqual([]);
  await picture.getByRole('link', { name: /Round 3: rejected/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Round 3 of tiny' }).waitFor();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
});

test('a round explains its verdict check by check', async () => {
  await goTo('/models/tiny/rounds/3', 'Round 3 of tiny');
  await page.getByRole('heading', { name: /What stopped it/ }).waitFor();
  await page.getByRole('img', { name: /held_out_accuracy.vs_served: .*allowed/ }).waitFor();
  await text(/too low by more than chance explains/);
  await page.getByRole('link', { name: escalated }).waitFor();
  const trace = page.getByRole('link', { name: /opens the trace/ });
  expect(await trace.getAttribute('href')).toMatch(
    /^https:\/\/traces\.example\/trace\/[0-9a-f]{32}$/,
  );
  expect(await axeFindings(page)).toEqual([]);
  await goTo('/models/tiny/rounds/1', 'Round 1 of tiny');
  await text(/Passed \d+ checks/);
});

test('requests are found by state, model and id', async () => {
  await goTo('/requests', 'Requests');
  // The escalated one is open: its clock runs on.
  await text('1 request');
  await text(/days left/);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByLabel('Show').selectOption('completed');
  await text('2 requests');
  await page.goBack();
  await text('1 request');
  await page.getByLabel('Model').fill('not a key!');
  await page.keyboard.press('Enter');
  await text(/must be 1 to 64/);
  await page.getByLabel('Find by id').fill(forgotten);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: `Request ${forgotten}` }).waitFor();
});

test('a certificate is downloaded, and verified in the page', async () => {
  await goTo(`/requests/${forgotten}`, `Request ${forgotten}`);
  await text('accepted');
  await text('being judged');
  await page.getByRole('button', { name: 'Verify it here' }).click();
  await text('✓ Valid: Certificate of unlearning');
  await page.getByText('What it says').click();
  await text('approximate_unlearning_measured');
  expect(await axeFindings(page)).toEqual([]);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe(`certificate-${forgotten}.json`);
  const file = join(world.folder, 'certificate.json');
  await download.saveAs(file);

  await goTo('/evidence', 'Keys and evidence');
  const choose = page.getByLabel(/choose it, or drop it here/);
  await choose.setInputFiles(file);
  await text('✓ Valid: Certificate of unlearning');
  const { payload, ...rest } = JSON.parse(await readFile(file, 'utf8'));
  const changed = Buffer.from(
    Buffer.from(payload, 'base64').toString().replace('completed', 'forgotten'),
  ).toString('base64');
  await writeFile(file, JSON.stringify({ ...rest, payload: changed }));
  await choose.setInputFiles(file);
  await text('✕ Not believed: bad signature');
  await choose.setInputFiles({
    name: 'holiday.png',
    mimeType: 'image/png',
    buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]),
  });
  await text('✕ Not believed: malformed');
  await choose.setInputFiles({
    name: 'big.json',
    mimeType: 'application/json',
    buffer: Buffer.alloc(5 * 1024 * 1024),
  });
  await text(/no evidence is that long/);
  expect(await axeFindings(page)).toEqual([]);
});

test('hostile texts are shown as texts', async () => {
  await goTo('/dead-letters', 'Dead letters');
  await text('deletion.requested.v1');
  await page.getByRole('button', { name: 'Drop …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Leave it at that' });
  await dialog.getByLabel(/^Why/).fill(hostile);
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Drop' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await text('No dead letter is open.');
  await page.getByRole('link', { name: 'dropped' }).click();
  await text(hostile);
  await goTo('/audit-log', 'Audit log');
  await text('dlq dropped');
  await text(hostile);
  expect(await page.title()).toBe('Audit log · Lethe');
  expect(await axeFindings(page)).toEqual([]);
  await goTo(`/nothing/${encodeURIComponent(hostile)}`, 'There is no such page');
  expect(await axeFindings(page)).toEqual([]);
});

test('an auditor reads, and is offered nothing that changes', async () => {
  await openAs('carol');
  await goTo(`/requests/${escalated}`, `Request ${escalated}`);
  await text('escalated');
  expect(await page.getByRole('button', { name: /Deny|Cancel|Extend/ }).count()).toBe(0);
  await goTo('/models/tiny', 'tiny');
  await page.getByRole('group', { name: /Lineage of tiny/ }).waitFor();
  expect(await page.getByRole('button', { name: /Roll back/ }).count()).toBe(0);
});

test('an emitter sees its own requests, and nothing of models', async () => {
  await openAs('shop');
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
  expect(await page.getByRole('navigation', { name: 'Views' }).getByRole('link').count()).toBe(2);
  await goTo('/models/tiny', 'tiny');
  await text(/is for operator, approver, auditor/);
});

test('a rollback needs two people, and is seen by others as it happens', async () => {
  await openAs('carol');
  const watcher = page;
  await goTo('/models/tiny', 'tiny');
  const pages = [context];
  const as = async (name: string) => {
    pages.push(context);
    context = await browser.newContext();
    await openAs(name);
    await goTo('/models/tiny', 'tiny');
  };
  await as('bob');
  await page.getByRole('button', { name: 'Roll back …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Version to serve').selectOption('1');
  await dialog.getByLabel(/^Why/).fill(`Version 2 confuses rings. ${hostile}`);
  await dialog.getByRole('button', { name: 'Propose' }).click();
  await dialog.getByText(/still remembers what 1 completed requests/).waitFor();
  await dialog.getByLabel(/Override/).check();
  await dialog.getByRole('button', { name: 'Propose' }).click();
  await dialog.getByText(/Somebody else has to approve/).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await text('somebody else has to approve');

  await as('dora');
  await page.getByRole('button', { name: 'Approve …' }).click();
  await page.getByRole('dialog').getByLabel(/^Why/).fill('Agreed.');
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('dialog').getByText('Version 1 serves again').waitFor();
  // Nobody has touched this page since before the proposal.
  await watcher.getByText('Version 1', { exact: true }).waitFor();
  await watcher.getByRole('img', { name: /rollback to version 1 by bob\+dora/ }).waitFor();
  expect(await axeFindings(watcher)).toEqual([]);
  for (const each of pages) await each.close();
});

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
