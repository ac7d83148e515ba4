/**
 * - `emitter`: sends deletion requests, and sees its own;
 * - `operator`: runs Lethe: sees everything, sends requests for others, sets things right;
 * - `approver`: decides on models: verdicts, rollback, override;
 * - `auditor`: reads the record and changes nothing;
 * - `server`: serves models: asks what to serve, and says what it does.
 */
export const roles = ['emitter', 'operator', 'approver', 'auditor', 'server'] as const;

export type Role = (typeof roles)[number];

export function isRole(text: unknown): text is Role {
  return (roles as readonly unknown[]).includes(text);
}
