/**
 * `npm run backtest -- --csv FILE …`: what the alarms would have said to a river of the past.
 *
 * Prints a table, writes JSON and an SVG where asked. Reads the file, the city's folder where a gauge of it is
 * named, and nothing else of Siaga's state.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTime } from '../alerts/record/format-alert.ts';
import { cityPlacesOf, loadCity, nameCity } from '../cities/city.ts';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { isRiverGauge, type RiverGauge } from '../devices/kinds/river-gauge.ts';
import { type LevelUnit, METRES, readLevelSeries } from '../tables/level-series.ts';
import { DECIMALS } from '../tables/numbers.ts';
import { decodeText, readTable } from '../tables/table.ts';
import { DATE_ORDERS, parseTime } from '../tables/times.ts';
import { runBacktest } from './backtest.ts';
import { drawChart } from './chart.ts';
import { measureDips } from './dips.ts';
import { buildForecastTable, type ForecastTable } from './forecast-table.ts';
import { formatDips } from './format-dips.ts';
import { formatForecasts } from './format-forecasts.ts';
import { formatReport } from './format-report.ts';
import { parseGauge } from './gauge.ts';
import { type BacktestReport, buildReport } from './report.ts';

const HELP = `Runs the alert engine over a measured level series, in event time.

npm run backtest -- --csv FILE --time COLUMN --value COLUMN --thresholds LIST [options]

  --csv FILE          rows below a header; any separator, with or without lines above the header, in any order
  --time COLUMN       2015-12-26 08:00, 26/12/2015 08.00, 12/26/2015 8:00 AM, 26 Dec 2015 08:00, epoch s or ms
  --value COLUMN      the level
  --dates ORDER       day-first, month-first or year-first, where the file does not show it
  --decimal SIGN      point or comma, where the file does not show it
  --quality COLUMN    leaves out the rows that are not good by it
  --good WORDS        what the quality column says of good rows: Good,Unchecked
  --thresholds LIST   in the unit of the file, ascending: 80,150,200 (the last is the worst)
                      or with names: minor=80,severe=150,extreme=200
  --unit UNIT         m (default), cm, mm, ft
  --tz ZONE           of times without an offset (default UTC): Asia/Jakarta
  --device ID         in place of --thresholds: a gauge of the city, with its thresholds, hysteresis and range
  --city NAME         of that gauge (default: SIAGA_CITY, semarang)
  --hysteresis M      metres below a threshold that leave it (default 0.1)
  --range LOW,HIGH    what the sensor can see, in the unit of the file
  --name NAME         of the gauge (default: the value's column)
  --from, --to TIME   draw this part only
  --json FILE         the whole report; - for standard output
  --floods            lead of the forecasts by flood, for all floods and not the last few
  --dips              false all-clears where a failing gauge's levels are put into each flood, and the delay of true ones
  --svg FILE          a picture: level, bands, alerts`;

function main(): void {
  const { values } = parseArgs({
    options: {
      csv: { type: 'string' },
      time: { type: 'string' },
      value: { type: 'string' },
      dates: { type: 'string' },
      decimal: { type: 'string' },
      quality: { type: 'string' },
      good: { type: 'string' },
      thresholds: { type: 'string' },
      device: { type: 'string' },
      city: { type: 'string' },
      unit: { type: 'string', default: 'm' },
      tz: { type: 'string', default: 'UTC' },
      hysteresis: { type: 'string' },
      range: { type: 'string' },
      name: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      floods: { type: 'boolean', default: false },
      dips: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { csv, time, value, tz } = values;
  if (values.help || !csv || !time || !value || !(values.thresholds || values.device)) {
    console.log(HELP);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const unit = chooseOne('unit', values.unit, Object.keys(METRES) as (keyof typeof METRES)[]) ?? 'm';
  const dates = chooseOne('dates', values.dates, DATE_ORDERS);
  const { quality } = values;
  const table = readTable(decodeText(readFileSync(csv)), [time, value, ...(quality ? [quality] : [])]);
  const series = readLevelSeries(table, {
    timeColumn: time,
    valueColumn: value,
    unit,
    timeZone: tz,
    dates,
    decimal: chooseOne('decimal', values.decimal, DECIMALS),
    qualityColumn: quality,
    good: values.good?.split(','),
  });
  const gauge = values.device ? findGauge(values.device, values) : gaugeOfWords(value, unit, values);
  if (values.dips) {
    console.log(formatDips(measureDips(gauge, series.points)));
    return;
  }
  const report = buildReport(gauge, series, runBacktest({ gauge, points: series.points }));
  const forecasts = buildForecastTable(gauge, series.points, report.claims);
  if (values.json !== '-') {
    console.log(`${formatReport(report, tz)}\n\n${formatForecasts(forecasts, tz, values.floods)}`);
  }
  if (values.json) writeJson(values.json, { ...report, forecasts });
  if (values.svg) {
    const bound = (text: string | undefined) =>
      text === undefined ? undefined : parseTime(text, { timeZone: tz, dates });
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

interface GaugeWords {
  readonly [word: string]: string | boolean | undefined;
  readonly thresholds?: string | undefined;
  readonly hysteresis?: string | undefined;
  readonly range?: string | undefined;
  readonly name?: string | undefined;
  readonly city?: string | undefined;
}

function gaugeOfWords(column: string, unit: LevelUnit, words: GaugeWords): RiverGauge {
  const { thresholds = '', hysteresis = '0.1', name, city } = words;
  if (city !== undefined) throw new Error('--city goes with --device');
  const hysteresisM = Number(hysteresis);
  if (!(hysteresisM > 0)) throw new Error('--hysteresis must be a number of metres above 0');
  const range = words.range?.split(',').map((word) => Number(word) * METRES[unit]);
  if (range && !(range.length === 2 && range.every(Number.isFinite)))
    throw new Error('--range must be LOW,HIGH');
  return parseGauge({
    id: name ?? column,
    thresholds,
    unit,
    hysteresisM,
    ...(range ? { sensorRangeM: range as [number, number] } : {}),
  });
}

/** The gauge as the server judges it. Throws with the gauges that the city has. */
function findGauge(id: string, words: GaugeWords): RiverGauge {
  for (const word of ['thresholds', 'hysteresis', 'range', 'name'] as const) {
    if (words[word] !== undefined)
      throw new Error(`--${word} is said by the city: leave it out beside --device`);
  }
  const places = cityPlacesOf(process.env);
  const city = loadCity(words.city ?? nameCity(process.env), places);
  const gauges = city.devices.filter(isRiverGauge);
  const gauge = gauges.find((each) => each.id === id);
  const known = gauges.map((each) => each.id).join(', ');
  if (!gauge) throw new Error(`--device: ${city.id} has no gauge ${id}; there are: ${known}`);
  return gauge;
}

/** Throws with the words that there are. */
function chooseOne<T extends string>(
  name: string,
  text: string | undefined,
  words: readonly T[],
): T | undefined {
  const chosen = words.find((word) => word === text);
  if (text !== undefined && chosen === undefined) throw new Error(`--${name} must be ${words.join(', ')}`);
  return chosen;
}

function writeJson(file: string, report: BacktestReport & { readonly forecasts: ForecastTable }): void {
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

allowClosedPipe();
try {
  main();
} catch (error) {
  console.error(`backtest: ${(error as Error).message}`);
  process.exitCode = 1;
}
