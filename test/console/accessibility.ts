import axe from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What axe finds wrong with a page as it is shown now, in both colour schemes. While a dialog is
 * open it is all that can be reached, and all that is looked at.
 */
export async function axeFindings(page: Page): Promise<string[]> {
  const findings: string[] = [];
  const isThere = await page.evaluate("typeof axe === 'object'");
  if (!isThere) await page.evaluate(axe.source);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = (await page.evaluate(
      "axe.run(document.querySelector('dialog[open]') ?? document)",
    )) as axe.AxeResults;
    for (const { id, nodes } of violations) {
      findings.push(`${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    }
  }
  return findings;
}

/** Walks with the Tab key to what is called so; everything passed on the way shows the focus. */
export async function tabTo(page: Page, name: string | RegExp, most = 80): Promise<void> {
  for (let stops = 0; stops < most; stops++) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) === 0) continue;
    const { text, outline } = (await page.evaluate(`(() => {
      const { activeElement: element } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const label = element.getAttribute('aria-label') ?? element.textContent;
      return { text: label.trim(), outline: element instanceof SVGElement ? 'its own' : outlineStyle + ' ' + outlineWidth };
    })()`)) as { text: string; outline: string };
    if (/^none|^auto 0| 0px$/.test(outline)) throw new Error(`the focus on "${text}" is not seen`);
    if (typeof name === 'string' ? text === name : name.test(text)) return;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}
