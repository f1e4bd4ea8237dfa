/**
 * `npm run backtest -- --csv FILE …`: what the alarms would have said to a river of the past.
 *
 * Prints a table, writes JSON and an SVG where asked. Reads the file and nothing else of Siaga's state.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTime } from '../alerts/record/format-alert.ts';
import { runBacktest } from './backtest.ts';
import { drawChart } from './chart.ts';
import { formatReport } from './format-report.ts';
import { parseGauge } from './gauge.ts';
import { type BacktestReport, buildReport } from './report.ts';
import { parseLocalTime, parseSeries, type SeriesOptions } from './series.ts';

const HELP = `Runs the alert engine over a measured level series, in event time.

npm run backtest -- --csv FILE --time COLUMN --value COLUMN --thresholds LIST [options]

  --csv FILE          a header line, then rows
  --time COLUMN       ISO 8601, day/month/year, or epoch ms
  --value COLUMN      the level
  --thresholds LIST   in the unit of the file, ascending: 80,150,200 (the last is the worst)
                      or with names: minor=80,severe=150,extreme=200
  --unit UNIT         m (default), cm, mm, ft
  --tz ZONE           of times without an offset (default UTC): Asia/Jakarta
  --hysteresis M      metres below a threshold that leave it (default 0.1)
  --range LOW,HIGH    what the sensor can see, in the unit of the file
  --name NAME         of the gauge (default: the value's column)
  --from, --to TIME   draw this part only
  --json FILE         the whole report; - for standard output
  --svg FILE          a picture: level, bands, alerts`;

function main(): void {
  const { values } = parseArgs({
    options: {
      csv: { type: 'string' },
      time: { type: 'string' },
      value: { type: 'string' },
      thresholds: { type: 'string' },
      unit: { type: 'string', default: 'm' },
      tz: { type: 'string', default: 'UTC' },
      hysteresis: { type: 'string', default: '0.1' },
      range: { type: 'string' },
      name: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { csv, time, value, thresholds, tz } = values;
  if (values.help || !csv || !time || !value || !thresholds) {
    console.log(HELP);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const unit = values.unit as SeriesOptions['unit'];
  if (!['m', 'cm', 'mm', 'ft'].includes(unit)) throw new Error('--unit must be m, cm, mm or ft');
  const hysteresisM = Number(values.hysteresis);
  if (!(hysteresisM > 0)) throw new Error('--hysteresis must be a number of metres above 0');
  const series = parseSeries(readFileSync(csv, 'utf8'), {
    timeColumn: time,
    valueColumn: value,
    unit,
    timeZone: tz,
  });
  if (series.points.length === 0)
    throw new Error(`no row of ${csv} could be read (${series.unreadable} rows)`);
  const range = values.range
    ?.split(',')
    .map((word) => Number(word) * { m: 1, cm: 0.01, mm: 0.001, ft: 0.3048 }[unit]);
  if (range && !(range.length === 2 && range.every(Number.isFinite)))
    throw new Error('--range must be LOW,HIGH');
  const gauge = parseGauge({
    id: values.name ?? value,
    thresholds,
    unit,
    hysteresisM,
    ...(range ? { sensorRangeM: range as [number, number] } : {}),
  });
  const report = buildReport(gauge, series, runBacktest({ gauge, points: series.points }));
  if (values.json !== '-') console.log(formatReport(report, tz));
  if (values.json) writeJson(values.json, report);
  if (values.svg) {
    const bound = (text: string | undefined) => (text === undefined ? undefined : parseLocalTime(text, tz));
    const [fromMs, toMs] = [bound(values.from), bound(values.to)];
    const chart = drawChart({
      gauge,
      points: series.points,
      report,
      timeZone: tz,
      title: `${gauge.name} (${tz})`,
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
    });
    writeFileSync(values.svg, chart);
  }
}

function writeJson(file: string, report: BacktestReport): void {
  const times = new Set([
    'fromMs',
    'toMs',
    'startedAt',
    'endedAt',
    'raisedAt',
    'changedAt',
    'closedAt',
    'since',
    'until',
  ]);
  const json = JSON.stringify(
    report,
    (key, value: unknown) => (typeof value === 'number' && times.has(key) ? formatTime(value) : value),
    2,
  );
  if (file === '-') console.log(json);
  else writeFileSync(file, `${json}\n`);
}

try {
  main();
} catch (error) {
  console.error(`backtest: ${(error as Error).message}`);
  process.exitCode = 1;
}
