import type { AuditEvent, AuditLog } from '@lethe/audit-log';
import type { Decision, Digest } from '@lethe/contracts';
import { LetheError } from '@lethe/contracts';
import type { KeyRing } from '@lethe/evidence';
import type { LineageStore } from '@lethe/lineage';
import type { Clock } from '@lethe/service-kit';
import type { JudgedCandidate } from '../domain/check-evidence.ts';
import { decisionAudit } from './decision-audit.ts';
import { issueCertificates } from './issue-certificates.ts';

/** Writes down what the registry did, so that others can check it: certificates and audit log. */
export class Recorder {
  readonly #lineage: LineageStore;
  readonly #keys: KeyRing;
  readonly #auditLog: AuditLog;
  readonly #clock: Clock;
  readonly #onNote: () => void;

  constructor(options: {
    lineage: LineageStore;
    keys: KeyRing;
    auditLog: AuditLog;
    clock: Clock;
    /** Hears that entries were written. */
    onNote?: () => void;
  }) {
    this.#lineage = options.lineage;
    this.#keys = options.keys;
    this.#auditLog = options.auditLog;
    this.#clock = options.clock;
    this.#onNote = options.onNote ?? (() => {});
  }

  /** May be repeated: certificates and entries are written once. */
  async decided(
    candidate: JudgedCandidate,
    decision: { readonly record: Decision; readonly digest: Digest },
  ): Promise<void> {
    const now = this.#clock.now();
    const certificates = await issueCertificates(
      this.#lineage,
      this.#keys,
      candidate,
      decision,
      now,
    );
    await this.note(decisionAudit(candidate, decision.record, decision.digest, certificates));
  }

  /** @throws LetheError `unavailable`: a damaged log is waited for, nothing goes on unrecorded */
  async note(events: readonly AuditEvent[]): Promise<void> {
    try {
      await this.#auditLog.append(events);
      this.#onNote();
    } catch (cause) {
      const { code, message } = LetheError.from(cause);
      throw code === 'corrupt' ? new LetheError('unavailable', message, { cause }) : cause;
    }
  }
}
