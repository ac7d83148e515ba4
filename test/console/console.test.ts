// The console as operators and auditors meet it: one run of Lethe, looked at in a real Chromium.
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testActions } from './actions.ts';
import { testOutages } from './outages.ts';
import { testRoles } from './roles.ts';
import { closeScene, complaints, openScene } from './scene.ts';
import { testViews } from './views.ts';

beforeAll(openScene);
afterAll(closeScene);

afterEach(() => {
  // Nothing is refused by the content-security policy, and nothing throws.
  expect(complaints.splice(0)).toEqual([]);
});

// In this order: each goes on with what the ones before did.
testViews();
testRoles();
testActions();
testOutages();
