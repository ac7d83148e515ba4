import { AuditLog } from '@lethe/audit-log';
import type { OutgoingRecord } from '@lethe/bus';
import { silentLog } from '@lethe/service-kit';
import { ManualClock } from '@lethe/service-kit/testing';
import { Recorder } from '../evidence/recorder.ts';
import { Promoter } from '../promotion/promoter.ts';
import { Rollbacks } from '../release/rollback.ts';
import { ServingHistory } from '../release/serving-history.ts';
import { ServingBoard } from '../serving/serving-board.ts';
import { type CandidateOptions, commitCandidate, type RegistryHome } from './registry-home.ts';

/** The parts of a registry, without the service around them, on a clock that a test holds. */
export function registryParts(home: RegistryHome, options: { fourEyes?: boolean } = {}) {
  const { lineage, keys } = home;
  const clock = new ManualClock(new Date('2026-02-01T00:00:00Z'));
  const board = new ServingBoard(lineage, clock);
  const auditLog = new AuditLog({ store: lineage.store });
  const recorder = new Recorder({ lineage, keys, auditLog, clock });
  const published: OutgoingRecord[] = [];
  const log = silentLog;
  return {
    clock,
    board,
    auditLog,
    recorder,
    published,
    history: new ServingHistory(lineage, board),
    promoter: new Promoter({ lineage, board, recorder, clock, log }),
    rollbacks: new Rollbacks({
      lineage,
      board,
      recorder,
      clock,
      log,
      fourEyes: options.fourEyes ?? false,
      publish: async (records) => void published.push(...records),
    }),
    /** Commits a candidate, has it decided, and lets a day pass. */
    async settle(candidate: CandidateOptions) {
      const records = await this.promoter.settle(await commitCandidate(home, candidate));
      clock.advance(24 * 60 * 60 * 1000);
      return records;
    },
    async audit() {
      const kinds: string[] = [];
      for await (const { kind } of auditLog.entries()) kinds.push(kind);
      return kinds;
    },
  };
}
