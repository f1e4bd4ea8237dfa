/**
 * `sim replay`: reads the table, publishes its series, waits for the last PUBACK.
 *
 * Invariant: exit code 0 means that every point was acknowledged, unless it was told to end before.
 */
import { readFileSync } from 'node:fs';
import { realClock } from '../clock.ts';
import { readCredentials } from '../credentials.ts';
import type { ReplayCommand } from '../options.ts';
import { describeAccount, describeTotals, keepShowingProgress } from '../progress.ts';
import { type Point, parseLevelSeries } from '../replay/level-series.ts';
import { createLocalTimeParser } from '../replay/local-time.ts';
import { startReplay } from '../replay/replay-run.ts';
import { createTotals } from '../totals.ts';
import { FINISH_MS } from './city-command.ts';

/** A broker that was away at the end of the series gets this long to take what is buffered. */
const LAST_PUBACK_MS = 30_000;

export async function runReplayCommand(command: ReplayCommand, ending: Promise<void>): Promise<number> {
  const gauges = readSeries(command);
  const totals = createTotals();
  const replay = startReplay(
    {
      city: command.city,
      url: command.url,
      credentials: command.credentials ? readCredentials(command.credentials) : new Map(),
      gauges,
      speed: command.speed,
      shiftToNow: command['shift-to-now'],
      seed: command.seed,
    },
    realClock,
    totals,
  );
  const shown = new Intl.DateTimeFormat('sv', {
    timeZone: command.tz,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const describe = () =>
    `${describeTotals(totals, replay.unacknowledged())} · ${shown.format(replay.seriesTime())}`;
  const progress = keepShowingProgress(describe, process.stdout, realClock);
  const interrupted = ending.then(() => true);
  let ended = await Promise.race([replay.published.then(() => false), interrupted]);
  if (!ended) ended = await Promise.race([replay.finish(LAST_PUBACK_MS).then(() => false), interrupted]);
  if (ended) await replay.finish(FINISH_MS);
  progress.stop();
  console.log(describeAccount(totals, replay.unacknowledged()));
  return ended || totals.acknowledged === totals.put ? 0 : 1;
}

/** The series of each --value with its --device; says what it read. Throws with one sentence. */
function readSeries(command: ReplayCommand): { device: string; points: readonly Point[] }[] {
  const csv = readTable(command.csv);
  const parseTime = createLocalTimeParser(command.tz);
  const bound = (name: 'from' | 'to', absent: number): number => {
    const text = command[name];
    if (text === undefined) return absent;
    const parsed = parseTime(text);
    if (parsed === undefined) throw new Error(`--${name}: ${text} is no time`);
    return parsed;
  };
  const fromMs = bound('from', Number.NEGATIVE_INFINITY);
  const toMs = bound('to', Number.POSITIVE_INFINITY);
  return command.value.map((valueColumn, index) => {
    const device = command.device[index] as string;
    const { points, unreadable } = parseLevelSeries(csv, {
      timeColumn: command.time,
      valueColumn,
      unit: command.unit,
      timeZone: command.tz,
      fromMs,
      toMs,
    });
    if (points.length === 0) throw new Error(`${valueColumn}: no level between --from and --to`);
    const times = points.map((point) => point.measuredAt);
    const seconds = (times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b))) / 1000;
    const lastsS = Math.ceil(seconds / command.speed);
    const skipped = unreadable > 0 ? `, ${unreadable} lines without a time or a number` : '';
    console.log(`${device}: ${points.length} levels from "${valueColumn}" in ${lastsS} s${skipped}`);
    return { device, points };
  });
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--csv: ${(error as Error).message}`);
  }
}
