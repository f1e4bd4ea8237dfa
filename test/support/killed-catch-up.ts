/**
 * A process of its own for tests: opens a journal and catches up from a log, a hundred entries a read, and kills itself
 * with SIGKILL at one of the reads, in the middle of the copy. Invariant: it never ends in order.
 */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { catchUp, readBegin } from '../../journal/replica/catch-up.ts';
import { openJournal } from '../../journal/sqlite/open-journal.ts';
import { createLog } from './journal-log.ts';

interface Order {
  readonly url: string;
  readonly city: string;
  readonly file: string;
  /** The read at which it ends. */
  readonly reads: number;
}

const ROWS = 100;
const { url, city, file, reads } = JSON.parse(process.env['KILLED'] ?? '') as Order;
const outside = createLog(url, { city });
const journal = await openJournal({
  ...{ file, maxBatch: 5_000, maxWaitingBytes: 32 * 1024 * 1024, maxRejections: 1_000, maxBytes: 1024 ** 3 },
  ...{
    retentionMs: 400 * 86_400_000,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    now: Date.now,
    outside,
  },
});
const claim = await outside.open(file, await readBegin(journal));
let done = 0;
const log: Parameters<typeof catchUp>[1] = {
  readAfter(series, afterId) {
    if (++done === reads) process.kill(process.pid, 'SIGKILL');
    return outside.readAfter(series, afterId, ROWS);
  },
  readIdentity: (series, id) => outside.readIdentity(series, id),
};
await catchUp(journal, log, claim, pino({ level: 'silent' }));
throw new Error(`it has caught up with ${done} reads`);
