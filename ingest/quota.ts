/**
 * Quota: how much of the journal one device may fill.
 *
 * The journal has one bound in bytes, and beyond it the oldest readings of all devices go: a device with a stolen
 * secret could empty the history of all others within an hour. An offline buffer may bring months at once, so a
 * burst is as large as a share of the journal; what comes without end may be ten times as often as the kind reports.
 * Invariant: over t seconds a device stores at most its share and `t × TIMES_AS_OFTEN / interval`; what is beyond it
 * is refused, counted and acknowledged, so that the device does not send it again for ever.
 */
import type { Logger } from 'pino';
import { TokenBucket } from '../clock/token-bucket.ts';
import type { DeviceKind } from '../devices/device-kind.ts';
import { type Rejection, reject } from '../devices/rejection.ts';

/** Of JOURNAL_MAX_BYTES: with the default of 20 GiB some 9 million readings, 17 years of a gauge. */
export const SHARE = 0.05;
/** A reading in the journal with its identity, see docs/decisions/0005-journal.md. */
const READING_BYTES = 115;
/** Where the whole journal is small: an offline buffer of two months at one reading a minute. */
export const MIN_SHARE_READINGS = 100_000;
export const TIMES_AS_OFTEN = 10;
/** `status` and `ack`: dispatch hears one answer after the other, and those of all crews wait behind a flood. */
export const MESSAGES_PER_S = 1;
/** Some seconds of dispatch's work; a link that comes and goes all day stays below it. */
export const MESSAGES_AT_ONCE = 600;
/** Said again after this: an hour. */
const SAY_EVERY_MS = 3_600_000;

export interface QuotaOptions {
  readonly maxJournalBytes: number;
  readonly log: Logger;
  /** Of the monotonic clock. */
  readonly monotonicNow: () => number;
}

export interface Quota {
  /** Takes so many readings off what the device may store; why not, where it may not. */
  spend(device: string, kind: Pick<DeviceKind, 'reportIntervalS'>, readings: number): Rejection | undefined;
  /** The same of one `status` or `ack`. */
  spendMessage(device: string): Rejection | undefined;
}

interface Account {
  readonly bucket: TokenBucket;
  /** Monotonic ms. */
  saidAt: number;
}

export function createQuota({ maxJournalBytes, log, monotonicNow }: QuotaOptions): Quota {
  const share = Math.max(MIN_SHARE_READINGS, Math.floor((maxJournalBytes * SHARE) / READING_BYTES));
  const accounts = new Map<string, Account>();
  const messages = new Map<string, TokenBucket>();

  function accountOf(device: string, intervalS: number): Account {
    const known = accounts.get(device);
    if (known) return known;
    const perSecond = TIMES_AS_OFTEN / intervalS;
    const bucket = new TokenBucket(perSecond, share / perSecond, monotonicNow);
    const fresh = { bucket, saidAt: Number.NEGATIVE_INFINITY };
    accounts.set(device, fresh);
    return fresh;
  }

  /** An order of magnitude too often is a mistake of a firmware, or a secret in wrong hands: people must know. */
  function say(account: Account, device: string, words: string): void {
    const now = monotonicNow();
    if (now - account.saidAt < SAY_EVERY_MS) return;
    account.saidAt = now;
    log.warn({ device, share }, words);
  }

  return {
    spend(device, { reportIntervalS }, readings) {
      const account = accountOf(device, reportIntervalS);
      const left = account.bucket.available();
      if (left < readings) {
        say(account, device, 'a device has used up its share of the journal: its readings are refused');
        return reject(
          'over-quota',
          `${device} has sent ${share} readings far more often than every ${reportIntervalS} s, its share of the journal: send each reading once, at its interval`,
        );
      }
      account.bucket.take(readings);
      if (left < share / 2) say(account, device, 'a device sends far more often than its kind reports');
      return undefined;
    },
    spendMessage(device) {
      let bucket = messages.get(device);
      if (!bucket) {
        bucket = new TokenBucket(MESSAGES_PER_S, MESSAGES_AT_ONCE / MESSAGES_PER_S, monotonicNow);
        messages.set(device, bucket);
      }
      if (bucket.available() < 1) {
        return reject(
          'over-quota',
          `${device} says status and ack without end: at most ${MESSAGES_PER_S} a second, ${MESSAGES_AT_ONCE} at once`,
        );
      }
      bucket.take(1);
      return undefined;
    },
  };
}
