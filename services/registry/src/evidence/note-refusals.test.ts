import { LetheError } from '@lethe/contracts';
import { reportRefusal, silentLog, takeRefusals } from '@lethe/service-kit';
import { recordTelemetry } from '@lethe/telemetry/testing';
import { expect, it } from 'vitest';
import { openRegistryHome } from '../testing/registry-home.ts';
import { registryParts } from '../testing/registry-parts.ts';
import { noteRefusals } from './note-refusals.ts';

it('counts every refused call, and writes one audit entry for each method and reason', async () => {
  await using telemetry = recordTelemetry();
  await using home = await openRegistryHome();
  const parts = registryParts(home);
  takeRefusals();
  const refuse = (method: string, code: 'denied' | 'unauthenticated' | 'not_found') =>
    reportRefusal(silentLog, method, new LetheError(code, 'no'));
  for (let call = 0; call < 1000; call++) refuse('/lethe.v1.ReleaseService/Rollback', 'denied');
  refuse('/lethe.v1.ReleaseService/Rollback', 'unauthenticated');
  refuse('/lethe.v1.ReleaseService/Rollback', 'not_found');
  expect(await noteRefusals(parts)).toBe(2);
  expect(await noteRefusals(parts)).toBe(0);
  const details = [];
  for await (const entry of parts.auditLog.entries()) details.push(entry.details);
  expect(details).toEqual([
    { method: '/lethe.v1.ReleaseService/Rollback', reason: 'denied', count: 1000 },
    { method: '/lethe.v1.ReleaseService/Rollback', reason: 'unauthenticated', count: 1 },
  ]);
  expect(await telemetry.scrape()).toMatch(
    /calls_refused_total\{[^}]*Rollback[^}]*denied[^}]*} 1000/,
  );
  for (let method = 0; method < 10_000; method++) refuse(`/made-up/${method}`, 'denied');
  expect(await noteRefusals(parts)).toBe(201);
});

it('keeps what could not be written for the next time', async () => {
  await using home = await openRegistryHome();
  const { clock, recorder } = registryParts(home);
  takeRefusals();
  reportRefusal(silentLog, '/m', new LetheError('denied', 'no'));
  const broken = Object.assign(Object.create(recorder), {
    note: () => Promise.reject(new LetheError('unavailable', 'away')),
  });
  await expect(noteRefusals({ recorder: broken, clock })).rejects.toThrow('away');
  expect(await noteRefusals({ recorder, clock })).toBe(1);
});
