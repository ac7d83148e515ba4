/** What who may see and do. */
import { expect, test } from 'vitest';
import { axeFindings } from './accessibility.ts';
import { escalated, forgotten, goTo, openAs, page, text } from './scene.ts';

export function testRoles(): void {
  test('an auditor reads, and is offered nothing that changes', async () => {
    await openAs('carol');
    await goTo(`/requests/${escalated}`, `Request ${escalated}`);
    await text('escalated');
    expect(await page.getByRole('button', { name: /Deny|Cancel|Extend/ }).count()).toBe(0);
    await goTo('/models/tiny', 'tiny');
    await page.getByRole('group', { name: /Lineage of tiny/ }).waitFor();
    expect(await page.getByRole('button', { name: /Roll back/ }).count()).toBe(0);
    await goTo('/models/tiny/rounds/3', 'Round 3 of tiny');
    await page.getByRole('heading', { name: /What stopped it/ }).waitFor();
    expect(await page.getByRole('button', { name: /Quarantine/ }).count()).toBe(0);
    await goTo('/callbacks?show=delivered', 'Callbacks');
    await page.getByRole('region', { name: 'Callbacks', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: /Send again/ }).count()).toBe(0);
  });

  test('an emitter sees its own requests, and nothing of models', async () => {
    await openAs('shop');
    await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
    expect(await page.getByRole('navigation', { name: 'Views' }).getByRole('link').count()).toBe(3);
    await goTo('/models/tiny', 'tiny');
    await text(/is for operator, approver, auditor/);
    expect(await axeFindings(page)).toEqual([]);
    await goTo('/report', 'Yearly report');
    await text(/is for operator, approver, auditor/);
    await goTo('/requests?show=every', 'Requests');
    await text('4 requests');
    expect(await axeFindings(page)).toEqual([]);
    await goTo(`/requests/${forgotten}`, `Request ${forgotten}`);
    await text('✓ completed');
    expect(await axeFindings(page)).toEqual([]);
    await goTo('/callbacks?show=delivered', 'Callbacks');
    await page
      .getByRole('button', { name: /^Send again/ })
      .first()
      .waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
}
