/** The back-test's report as a table for people, with local times. */
import { formatTime } from '../tables/times.ts';
import type { BacktestReport } from './report.ts';

/** The report as a table for people. */
export function formatReport(report: BacktestReport, timeZone: string): string {
  const time = (ms: number) => formatTime(ms, timeZone);
  const lines = [
    `${report.gauge}: ${report.readings} readings from ${time(report.fromMs)} to ${time(report.toMs)}, every ${report.intervalMin} min, highest ${report.highestM} m`,
    ...report.notes.map((note) => `  ${note}`),
    `judged in ${Math.round(report.elapsedMs)} ms`,
    '',
    row(
      'threshold',
      'crossings',
      'lasting',
      'episodes',
      'alerts',
      'damped',
      'foretold',
      'falsely',
      'not',
      'lead min (median)',
    ),
  ];
  for (const each of report.thresholds) {
    const { leadMin, claims } = each;
    const median = leadMin[Math.floor(leadMin.length / 2)];
    lines.push(
      row(
        `${each.levelM} m ${each.label}`,
        each.crossings,
        each.lastingEpisodes,
        each.episodes,
        each.alerts,
        each.flapsDamped,
        claims.reached,
        claims.missed,
        claims.unannounced,
        median === undefined ? '-' : median,
      ),
    );
  }
  lines.push('', 'alerts by rule:');
  const byRule = Object.groupBy(report.alerts, (alert) => `${alert.rule}, ${alert.state}`);
  for (const [rule, alerts] of Object.entries(byRule)) lines.push(`  ${rule}: ${alerts?.length ?? 0}`);
  if (report.faults.length > 0) lines.push('', 'data faults:');
  for (const { what, count, examples } of report.faults) {
    lines.push(
      `  ${what}: ${count}${examples.length > 0 ? ` (${examples.map(time).join(', ')}${count > examples.length ? ' …' : ''})` : ''}`,
    );
  }
  return lines.join('\n');
}

const WIDTHS = [22, 10, 8, 9, 7, 7, 9, 8, 5, 18];

function row(...cells: (string | number)[]): string {
  return cells
    .map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart']((WIDTHS[index] ?? 10) - 1))
    .join(' ');
}
