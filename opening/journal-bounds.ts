/**
 * boundsOf: where the journal is and how much it keeps, for the owner and for a standby that copies.
 * Invariant: both open the same file with the same bounds.
 */
import type { Config } from '../config/config.ts';

const DAY_MS = 86_400_000;

export function boundsOf(config: Config) {
  return {
    file: `${config.SIAGA_DATA_DIR}/journal.db`,
    maxBatch: config.JOURNAL_MAX_BATCH,
    maxWaitingBytes: config.JOURNAL_MAX_WAITING_BYTES,
    maxRejections: config.REJECTIONS_MAX,
    retentionMs: config.JOURNAL_RETENTION_DAYS * DAY_MS,
    maxBytes: config.JOURNAL_MAX_BYTES,
  };
}
