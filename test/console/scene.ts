/** One run of Lethe, and who looks at it: what the tests of the console share, in their order. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestView } from '@lethe/console';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openChromium } from '../support/chromium/open-chromium.ts';
import { ConsoleWorld } from './console-world.ts';

/** What a page would do if it took this for markup. */
export const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

/** How long pages may take to show what they should. */
export const patienceMs = 120_000;

export let world: ConsoleWorld;
export let browser: Browser;
/** Of who signed in last. */
export let context: BrowserContext;
export let page: Page;
/** What browsers refused, and what pages threw. */
export const complaints: string[] = [];
/** A request that was completed, and one that no setting satisfied. */
export let forgotten: string;
export let escalated: string;

export async function openScene(): Promise<void> {
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
}

export async function closeScene(): Promise<void> {
  await browser?.close();
  await world?.[Symbol.asyncDispose]();
}

/** A browser of somebody who has just signed in. @param beside others stay as they are */
export async function openAs(name: string, beside = false): Promise<void> {
  if (!beside) await context?.close();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  // A busy machine is no failure.
  context.setDefaultTimeout(patienceMs);
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

export async function goTo(path: string, heading: string | RegExp): Promise<void> {
  await page.goto(world.origin + path);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

export const text = (part: string | RegExp) => page.getByText(part).first().waitFor();

/** What the registry says of a request, whatever pages show. */
export async function stateOf(requestId: string): Promise<string> {
  return (await world.get<RequestView>(`/requests/${requestId}`)).state;
}

export async function ended(requestId: string, state: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const found = await stateOf(requestId);
    if (found === state) return;
    if (found === 'completed' || tries > 600) {
      throw new Error(`${requestId} is ${found} where it should be ${state}`);
    }
    await sleep(500);
  }
}
