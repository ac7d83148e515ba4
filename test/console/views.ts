/** Every view, as an operator sees it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetterPage } from '@lethe/console';
import { expect, test } from 'vitest';
import { axeFindings } from './accessibility.ts';
import {
  browser,
  escalated,
  forgotten,
  goTo,
  hostile,
  openAs,
  page,
  patienceMs,
  text,
  world,
} from './scene.ts';

export function testViews(): void {
  test('a wrong token opens nothing, and the page says so', async () => {
    const stranger = await browser.newPage();
    stranger.setDefaultTimeout(patienceMs);
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

  test('whoever follows a link the moment it is there gets where it leads', async () => {
    await page.goto('about:blank');
    await page.addInitScript(`new MutationObserver((_, observer) => {
      const link = document.querySelector('nav a[href="/dead-letters"]');
      if (link === null) return;
      observer.disconnect();
      window.focusedAtOnce = document.activeElement.tagName;
      link.click();
    }).observe(document, { childList: true, subtree: true })`);
    await goTo('/', 'Dead letters');
    expect(await page.evaluate('window.focusedAtOnce')).toBe('H1');
    expect(new URL(page.url()).pathname).toBe('/dead-letters');
    // The script stays with a page for good.
    await openAs('alice');
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
    expect(
      await page.getByRole('region', { name: 'Log of attempts' }).getByRole('row').count(),
    ).toBe(6);
    expect(await axeFindings(page)).toEqual([]);
    await picture.getByRole('link', { name: /Round 3: rejected/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Round 3 of tiny' }).waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1');
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

  test('a phone shows every view without cutting anything off', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const wide: string[] = [];
    for (const [path, heading] of [
      ['/', 'Overview'],
      ['/models/tiny', 'tiny'],
      ['/models/tiny/rounds/3', 'Round 3 of tiny'],
      ['/requests', 'Requests'],
      [`/requests/${forgotten}`, `Request ${forgotten}`],
      ['/dead-letters', 'Dead letters'],
      ['/audit-log', 'Audit log'],
      ['/evidence', 'Keys and evidence'],
      ['/report', 'Yearly report'],
    ] as const) {
      await goTo(path, heading);
      await page.getByText('Loading …').first().waitFor({ state: 'detached' });
      const tooMuch = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (Number(tooMuch) > 0) wide.push(`${path} by ${tooMuch} px`);
    }
    expect(wide).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
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
    const dropped = await world.get<DeadLetterPage>('/dead-letters?show=dropped');
    expect(dropped.deadLetters).toMatchObject([{ decidedBy: 'alice', decisionReason: hostile }]);
    await goTo('/audit-log', 'Audit log');
    await text('dlq dropped');
    await text(hostile);
    await expect.poll(() => page.title()).toBe('Audit log · Lethe');
    expect(await axeFindings(page)).toEqual([]);
    await goTo(`/models/${encodeURIComponent(hostile)}`, hostile);
    await text(/must be 1 to 64/);
    expect(await axeFindings(page)).toEqual([]);
    await goTo(`/requests?model=${encodeURIComponent(hostile)}`, 'Requests');
    await text(/must be 1 to 64/);
    await goTo(`/nothing/${encodeURIComponent(hostile)}`, 'There is no such page');
    await expect.poll(() => page.title()).toBe('There is no such page · Lethe');
    expect(await axeFindings(page)).toEqual([]);
  });

  test('a hundred thousand requests come a page at a time', async () => {
    await goTo('/requests?show=no_match&model=archive', 'Requests');
    await text('100,000 requests');
    const requests = page.getByRole('region', { name: 'Requests', exact: true });
    const first = requests.getByRole('link').first();
    expect(await requests.getByRole('row').count()).toBe(51);
    const newest = await first.getAttribute('title');
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect.poll(() => first.getAttribute('title')).not.toBe(newest);
    expect(await requests.getByRole('row').count()).toBe(51);
    await page.getByRole('link', { name: 'First page' }).click();
    await expect.poll(() => first.getAttribute('title')).toBe(newest);
  });

  test('the report of a year counts by law and model, and is saved', async () => {
    await goTo('/report?year=2025', 'Yearly report');
    await text('100,000 requests of 2025');
    await page.getByRole('img', { name: 'complied with 100.0 %' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Law').selectOption('gdpr');
    await text('0 requests of 2025, GDPR');
    await page.getByLabel('Law').selectOption('');
    await page.getByLabel('Year').fill(String(new Date().getUTCFullYear()));
    await page.getByLabel('Model').fill('tiny');
    await page.keyboard.press('Enter');
    await text(/^4 requests of \d+, tiny$/);
    expect(await axeFindings(page)).toEqual([]);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const file = join(world.folder, 'report.json');
    await (await downloading).saveAs(file);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      received: 4,
      compliedWith: 3,
      open: 1,
      escalated: 1,
    });
    await page.getByLabel('Model').fill('not a key!');
    await page.keyboard.press('Enter');
    await text(/must be 1 to 64/);
    expect(await axeFindings(page)).toEqual([]);
  });
}
