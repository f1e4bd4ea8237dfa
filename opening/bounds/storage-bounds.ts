/** Bounds of the way to the disk, of what lies there, and of what stands around it. */
import { POSTGRES_MAX_CONNECTIONS, POSTGRES_TIMEOUTS } from '../../database/database.ts';
import { THREAD_LIMITS } from '../../database/thread-limits.ts';
import { MAX_REFUSED } from '../../influx/copy/deliver-lines.ts';
import { MAX_AN_HOUR, MAX_BYTES } from '../../influx/copy/set-aside.ts';
import { MAX_MARKS } from '../../influx/hourly/hourly-copy.ts';
import { MAX_WAITING as MAX_SAMPLES } from '../../influx/sample-writer.ts';
import { MAX_ANSWER_BYTES } from '../../influx/server/bounded-answer.ts';
import { REQUEST_TIMEOUT_MS } from '../../influx/server/influx-server.ts';
import { STATEMENT_LIMIT_MS } from '../../journal/replica/log-session.ts';
import { MAX_STEPS, STEP_ROWS } from '../../journal/replica/trim-log.ts';
import { CHECKPOINT_PAGES, WAL_MAX_BYTES } from '../../journal/sqlite/file/journal-file.ts';
import { BLOCK_IDS, BLOCKS_A_STEP } from '../../journal/sqlite/file/left-out-ids.ts';
import { MAX_SPANS } from '../../journal/sqlite/file/lost-ids.ts';
import { MAX_THINNED_RANGES } from '../../journal/sqlite/upkeep/journal-trims.ts';
import { MAX_MESSAGE_BYTES, MAX_MESSAGES } from '../../journal/sqlite/writing/message-bounds.ts';
import {
  DEVICE_SHARE,
  MAX_PAYLOAD_BYTES,
  MIN_SHARE_COUNT,
} from '../../journal/sqlite/writing/rejection-shelf.ts';
import { RANGE_MS } from '../../journal/thin-track.ts';
import { MAX_HELD } from '../../ownership/hold-answers.ts';
import { LEASE } from '../../ownership/lease.ts';
import { HEAD_WITHIN_MS, MAX_CONNECTIONS } from '../../ownership/standby-server.ts';
import { LEASE_TIMEOUTS } from '../open-ownership.ts';
import {
  type Bound,
  type BoundSection,
  bytes,
  count,
  days,
  duration,
  metric,
  percent,
  variable,
} from './bound.ts';
import { INGEST_BOUNDS } from './ingest-bounds.ts';

const disk: readonly Bound[] = [
  {
    what: 'readings in one commit',
    value: variable('JOURNAL_MAX_BATCH'),
    whenMet: 'the rest is in the next commit',
    seenAt: metric('siaga_journal_commit_readings'),
    honest: 'nothing',
  },
  {
    what: 'journal on disk',
    value: `${variable('JOURNAL_RETENTION_DAYS', days)}, ${variable('JOURNAL_MAX_BYTES', bytes)}`,
    whenMet:
      'the oldest go, within a second of the bytes, within a minute of the age; but nothing that alerts or history have yet to read: then the disk is the bound. The copy in InfluxDB is not waited for',
    seenAt: `${metric('siaga_journal_trimmed_total')}, ${metric('siaga_journal_file_bytes')}`,
    honest: 'history ends earlier',
  },
  {
    what: 'tracks at full rate',
    value: `${variable('TRACKS_FULL_RATE_DAYS', days)}; ${duration(MAX_THINNED_RANGES * RANGE_MS)} are thinned in one hour`,
    whenMet: 'of each minute the last reading stays, with the turns and each change of a status',
    seenAt: `${metric('siaga_journal_thinned_total')}, ${metric('siaga_history_thinned_points_total')}`,
    honest: 'sees where a unit drove, and not each of its fixes',
  },
  {
    what: 'the journal’s write-ahead log',
    value: `${count(CHECKPOINT_PAGES)} pages of 4 KiB, then a commit carries it into the file; a file that a long read let grow is cut back to ${bytes(WAL_MAX_BYTES)}`,
    whenMet: 'that commit takes some 10 ms more',
    seenAt: metric('siaga_journal_commit_seconds'),
    honest: 'nothing',
  },
  {
    what: 'rejections',
    value: `${variable('REJECTIONS_MAX')} messages and ${bytes(MAX_PAYLOAD_BYTES)}; of both ${percent(DEVICE_SHARE)} for one device (${count(MIN_SHARE_COUNT)} messages at least), and as much for all whom nobody knows`,
    whenMet: 'the oldest go; beyond its share a device’s own oldest, with a line in the log',
    seenAt: `${metric('siaga_journal_rejections_dropped_total')}, ${metric('siaga_journal_rejections_beyond_share_total')}`,
    honest: 'what was refused long ago cannot be replayed',
  },
  {
    what: '`status` and `ack` in the journal',
    value: `${count(MAX_MESSAGES)} and ${bytes(MAX_MESSAGE_BYTES)}, beside age; the newest status of each device stays`,
    whenMet:
      'the oldest that were followed go, within a second; above twice that, which is only reached while dispatch cannot write, they are refused, unacknowledged',
    seenAt: `${metric('siaga_journal_messages')}, ${metric('siaga_journal_messages_trimmed_total')}, ${metric('siaga_journal_refused_total')}`,
    honest: 'sends it again',
  },
  {
    what: 'memory of a thread that owns a file of SQLite',
    value: `${THREAD_LIMITS.maxYoungGenerationSizeMb} MB young, ${count(THREAD_LIMITS.maxOldGenerationSizeMb)} MB old`,
    whenMet: 'the thread ends; that of the journal or of the embedded history ends the process with code 70',
    seenAt: 'the log’s last line',
    honest: 'what a restart is',
  },
];

const around: readonly Bound[] = [
  {
    what: 'connections to PostgreSQL, and waits for it',
    value: `${POSTGRES_MAX_CONNECTIONS}; ${duration(POSTGRES_TIMEOUTS.connectMs)} a connection, ${duration(POSTGRES_TIMEOUTS.statementMs)} a statement, ${duration(POSTGRES_TIMEOUTS.silenceMs)} without a byte`,
    whenMet: 'an error to who asked; the connection is dropped, the next call connects anew',
    seenAt: `${metric('siaga_http_requests_total')}, ${metric('siaga_job_failures_total')}, the log`,
    honest: '503: asks again',
  },
  {
    what: 'a transaction that waits for its next statement',
    value: duration(POSTGRES_TIMEOUTS.idleInTransactionMs),
    whenMet: 'PostgreSQL ends its session: nothing of it is written, and its locks are free',
    seenAt: 'the log',
    honest: '503: asks again',
  },
  {
    what: 'the lease of a city on PostgreSQL',
    value: `${duration(LEASE.lastsMs)}, renewed each ${duration(LEASE.renewEveryMs)}; a renewal has ${duration(LEASE_TIMEOUTS.connectMs)} a connection and a statement, ${duration(LEASE_TIMEOUTS.silenceMs)} without a byte`,
    whenMet: `${duration(LEASE.lastsMs - LEASE.marginMs)} without one: nothing is acknowledged, sockets are paused; in another’s epoch: exit code 75`,
    seenAt: `${metric('siaga_ownership_left_seconds')}, ${metric('siaga_ownership_failed_renewals_total')}`,
    honest: 'a later PUBACK, or one of the other server',
  },
  {
    what: 'a commit to the log of `JOURNAL_URL`',
    value: duration(STATEMENT_LIMIT_MS),
    whenMet:
      'not acknowledged; tried again without end, and what waits counts among the bytes that await the disk',
    seenAt: `${metric('siaga_journal_log_lag_seconds')}, ${metric('siaga_journal_log_failed_commits_total')}`,
    honest: 'a later PUBACK',
  },
  {
    what: 'entries in that log',
    value: `${variable('JOURNAL_RETENTION_DAYS', days)}; ${variable('JOURNAL_LOG_DAYS', days)} where two journals have them; ${count(MAX_STEPS * STEP_ROWS)} of a kind go a minute`,
    whenMet: 'the oldest go, but nothing that a consumer has yet to work on',
    seenAt: metric('siaga_journal_log_trimmed_total'),
    honest: 'nothing',
  },
  {
    what: 'spans of ids that a journal notes as lost, until that log was asked for them',
    value: `${count(MAX_SPANS)} of a kind`,
    whenMet: 'the last one reaches over the rest: more is asked for, and what is there stays',
    seenAt: `${metric('siaga_journal_unreadable_ranges_total')}, ${metric('siaga_journal_log_copied_total')}`,
    honest: 'nothing',
  },
  {
    what: 'ids that are looked through at a time for those that an older Siaga left out',
    value: `${count(BLOCK_IDS * BLOCKS_A_STEP)} of a kind, with ${count(BLOCKS_A_STEP)} seeks`,
    whenMet: 'goes on at the next look, within a minute; once a file',
    seenAt: metric('siaga_journal_log_copied_total'),
    honest: 'nothing',
  },
  {
    what: 'answers to devices that wait until the ownership is confirmed',
    value: count(MAX_HELD),
    whenMet: 'refused, unacknowledged: the devices send again',
    seenAt: `${metric('siaga_ownership_held_answers')}, ${metric('siaga_ownership_refused_answers_total')}`,
    honest: 'sends it again',
  },
  {
    what: 'connections of a standby’s API, where it carries nothing',
    value: `${MAX_CONNECTIONS}, ${duration(HEAD_WITHIN_MS)} each`,
    whenMet: 'closed',
    seenAt: 'no counter: a standby has only probes',
    honest: 'the probe asks again',
  },
  {
    what: 'an answer of InfluxDB, or of what stands in its place',
    value: `${bytes(MAX_ANSWER_BYTES)}, ${duration(REQUEST_TIMEOUT_MS)} from the first byte asked to the last one heard`,
    whenMet: 'broken off; the batch is sent again',
    seenAt: metric('siaga_influx_failures_total'),
    honest: 'Grafana lags; people’s answers do not',
  },
  {
    what: 'lines set aside for InfluxDB',
    value: `${MAX_REFUSED} a batch, ${MAX_AN_HOUR} an hour; 2 files of ${bytes(MAX_BYTES)}`,
    whenMet: 'the batch is held; the oldest go',
    seenAt: `${metric('siaga_influx_holds_total')}, ${metric('siaga_influx_lines_total')}`,
    honest: 'Grafana lags; people’s answers do not',
  },
  {
    what: 'samples for InfluxDB that wait',
    value: `${count(MAX_SAMPLES)} lines`,
    whenMet: 'dropped: they are a copy',
    seenAt: metric('siaga_influx_events_total'),
    honest: 'a gap in a panel of Siaga’s own figures',
  },
  {
    what: 'hours that are to be written to InfluxDB’s hourly measurements',
    value: `${count(MAX_MARKS)} of all measurements`,
    whenMet: 'found later, by counting what stands there',
    seenAt: `${metric('siaga_influx_hours_total')}, ${metric('siaga_influx_hours_waiting')}`,
    honest: 'Grafana’s long ranges lag after a rewrite of years',
  },
];

export const STORAGE_SECTIONS: readonly BoundSection[] = [
  { title: 'Ingest', intro: 'From a message to the journal.', bounds: INGEST_BOUNDS },
  { title: 'Disk', intro: 'What lies there, and its threads.', bounds: disk },
  { title: 'Around', intro: 'PostgreSQL, the other server, InfluxDB.', bounds: around },
];
