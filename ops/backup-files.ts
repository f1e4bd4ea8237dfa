/** The two files of a backup, the journal's copy and the state's beside it: their names, and what is said of them. */
import type { BackupReport } from '../journal/sqlite/upkeep/backup-journal.ts';

/** Counted in a copy of the state. */
export const STATE_TABLES = ['devices', 'alerts'];

/** The state's file beside the journal's: `.state` before its ending. */
export function besideOf(file: string): string {
  return /\.[^./]+$/.test(file) ? file.replace(/(\.[^./]+)$/, '.state$1') : `${file}.state`;
}

export function formatReport({ bytes, rows }: BackupReport): string {
  const counts = Object.entries(rows).map(([table, count]) => `${count.toLocaleString('en')} ${table}`);
  return `${formatMib(bytes)}, ${counts.join(', ')}, checked`;
}

export function formatMib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
