/**
 * DispatchError: why dispatch refuses what a dispatcher asked for. Expected, explained, never logged as a bug.
 *
 * Invariant: `code` is one of this list and never changes its meaning, the message says what to do next,
 * and `facts` holds what a program needs to try again (a version, who has the unit now).
 */
const DISPATCH_ERRORS = [
  'unknown-incident',
  'unknown-assignment',
  'unknown-unit',
  'unknown-hospital',
  'unknown-word',
  'own-duplicate',
  'incident-closed',
  'incident-open',
  'incident-has-open-assignments',
  'not-classified',
  'no-location',
  'unit-taken',
  'unit-changed',
  'blocked',
  'needs-reason',
  'step-not-possible',
  'key-reused',
  'too-many-open-incidents',
  'outside-city',
  'too-many-messages',
] as const;
export type DispatchErrorCode = (typeof DISPATCH_ERRORS)[number];

export class DispatchError extends Error {
  readonly code: DispatchErrorCode;
  readonly facts: Readonly<Record<string, unknown>>;
  constructor(code: DispatchErrorCode, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}
