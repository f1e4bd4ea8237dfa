/**
 * `sim replay`: reads the table, publishes its series, waits for the last PUBACK.
 *
 * Invariant: exit code 0 means that every point was acknowledged, unless it was told to end before.
 */
import { readFileSync } from 'node:fs';
import { type LevelPoint, readLevelSeries } from '../../tables/level-series.ts';
import { decodeText, readTable } from '../../tables/table.ts';
import { formatTime, parseTime } from '../../tables/times.ts';
import { realClock } from '../clock.ts';
import { readCredentials } from '../credentials.ts';
import type { ReplayCommand } from '../options.ts';
import { describeAccount, describeTotals, keepShowingProgress } from '../progress.ts';
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
  const describe = () =>
    `${describeTotals(totals, replay.unacknowledged())} · ${formatTime(replay.seriesTime(), command.tz)}`;
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
function readSeries(command: ReplayCommand): { device: string; points: readonly LevelPoint[] }[] {
  const { quality, dates, tz: timeZone } = command;
  const columns = [command.time, ...command.value, ...(quality ? [quality] : [])];
  const table = readTable(readFile(command.csv), columns);
  const bound = (text: string | undefined, absent: number) =>
    text === undefined ? absent : parseTime(text, { timeZone, dates });
  const fromMs = bound(command.from, Number.NEGATIVE_INFINITY);
  const toMs = bound(command.to, Number.POSITIVE_INFINITY);
  return command.value.map((valueColumn, index) => {
    const device = command.device[index] as string;
    const series = readLevelSeries(table, {
      timeColumn: command.time,
      valueColumn,
      unit: command.unit,
      timeZone,
      dates,
      decimal: command.decimal,
      qualityColumn: quality,
      good: command.good,
    });
    const points = series.points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) throw new Error(`${valueColumn}: no level between --from and --to`);
    const lastsS = Math.ceil((last.atMs - first.atMs) / 1000 / command.speed);
    console.log(`${device}: ${points.length} levels from "${valueColumn}" in ${lastsS} s`);
    for (const note of series.notes) console.log(`  ${note}`);
    return { device, points };
  });
}

function readFile(file: string): string {
  try {
    return decodeText(readFileSync(file));
  } catch (error) {
    throw new Error(`--csv: ${(error as Error).message}`);
  }
}
