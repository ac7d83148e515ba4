export * from './audit-event.ts';
export * from './audit-log.ts';
export { type AuditEntry, emptyLog } from './entry.ts';
export { packSize } from './log-keys.ts';
export * from './verify-log.ts';
