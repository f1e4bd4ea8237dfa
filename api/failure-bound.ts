/**
 * A bound on failed authentications of one address: counts in fixed windows, in constant memory.
 *
 * Asked by the authenticator before it looks a token up. A token has 256 random bits and cannot be guessed;
 * the bound keeps guessers from the database. Invariant: at most `maxAddresses` are remembered, the one whose
 * window began first is forgotten first.
 */
export interface FailureBoundOptions {
  readonly maxFailures: number;
  readonly windowMs: number;
  readonly maxAddresses: number;
}

export interface FailureBound {
  /** Ms until this address may try again; 0 when it may now. */
  waitMs(address: string, nowMs: number): number;
  record(address: string, nowMs: number): void;
  readonly size: number;
}

export function createFailureBound({
  maxFailures,
  windowMs,
  maxAddresses,
}: FailureBoundOptions): FailureBound {
  const windows = new Map<string, { beganMs: number; failures: number }>();
  const open = (address: string, nowMs: number) => {
    const window = windows.get(address);
    return window && nowMs - window.beganMs < windowMs ? window : undefined;
  };
  return {
    waitMs(address, nowMs) {
      const window = open(address, nowMs);
      return window && window.failures >= maxFailures ? window.beganMs + windowMs - nowMs : 0;
    },
    record(address, nowMs) {
      const window = open(address, nowMs);
      if (window) {
        window.failures++;
        return;
      }
      // Deleted first, so that the order of the map is the order in which windows began.
      windows.delete(address);
      if (windows.size >= maxAddresses) windows.delete(windows.keys().next().value as string);
      windows.set(address, { beganMs: nowMs, failures: 1 });
    },
    get size() {
      return windows.size;
    },
  };
}
