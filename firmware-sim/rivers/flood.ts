/**
 * One flood over the whole city: rain on each basin, and the stage at each gauge, minute by minute.
 *
 * Gauges that are upstream of one another form a basin. The main basin of a flood is scaled so that every
 * gauge below its springs passes the severe threshold; in the others it drizzles, and no gauge rises so far that
 * anybody would look up. Invariant: the same seed and number give the same flood, and no stage leaves what the
 * gauge's sensor can see.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { SEVERITIES } from '../../devices/site.ts';
import { between, createRandom, type Random } from '../random.ts';
import { flowForStageShare, peakOf, routeDownstream, runOff, stageShare } from './flow.ts';

/** A flood is worked out for this long; lags of half a day and a slow recession fit. Story minutes. */
const HORIZON_MIN = 48 * 60;
export const RAIN_STARTS_MIN = 8;
/** A gauge below another gets nearly all of its water from above, the rest from its own banks. */
const LOCAL_SHARE = 0.01;
const SEVERE = SEVERITIES.indexOf('severe');
/** The strongest minute of the storm over the leading basin, and over the others, mm/h. */
const CLOUDBURST_MM_PER_H = [60, 110] as const;
const DRIZZLE_MM_PER_H = [2, 5] as const;
/** What a river rises beside the flood of another, of the way to its first threshold: about 5 to 15 cm. */
const QUIET_SHARE = [0.06, 0.12] as const;
/** The sensor's last centimetres belong to the splash. */
const SENSOR_MARGIN_M = 0.05;

export interface GaugeFlood {
  readonly gauge: RiverGauge;
  readonly stageM: Float64Array;
  readonly rainMmPerH: Float64Array;
  readonly peakMin: number;
}

export interface Flood {
  readonly gauges: ReadonlyMap<string, GaugeFlood>;
  /** The main basin from its springs to its lowest gauge, in the order of the peaks. */
  readonly main: readonly GaugeFlood[];
  readonly rainEndsMin: number;
  /** When every gauge has been below its lowest threshold again for some time. */
  readonly durationMin: number;
}

/** Gauges of one basin, upstream before downstream. */
export function findBasins(gauges: readonly RiverGauge[]): RiverGauge[][] {
  const byId = new Map(gauges.filter((gauge) => !gauge.tidal).map((gauge) => [gauge.id, gauge]));
  const basinOf = new Map<string, RiverGauge[]>();
  const ordered: RiverGauge[] = [];
  const visit = (gauge: RiverGauge, path: readonly string[]): void => {
    if (path.includes(gauge.id))
      throw new Error(`${[...path, gauge.id].join(' → ')}: a river runs in a circle`);
    if (basinOf.has(gauge.id)) return;
    const upper = gauge.upstream.flatMap(({ gauge: id }) => byId.get(id) ?? []);
    for (const each of upper) visit(each, [...path, gauge.id]);
    const basins = new Set(upper.map((each) => basinOf.get(each.id) as RiverGauge[]));
    const basin = [...basins].flat();
    for (const each of basin) basinOf.set(each.id, basin);
    basin.push(gauge);
    basinOf.set(gauge.id, basin);
    ordered.push(gauge);
  };
  for (const gauge of byId.values()) visit(gauge, []);
  const found = new Set(ordered.map((gauge) => basinOf.get(gauge.id) as RiverGauge[]));
  return [...found].map((basin) => basin.sort((a, b) => ordered.indexOf(a) - ordered.indexOf(b)));
}

/** The `number`th flood of this seed. The largest basin leads the first one, then the basins take turns. */
export function createFlood(gauges: readonly RiverGauge[], seed: number, number: number): Flood {
  const basins = findBasins(gauges).sort((a, b) => b.length - a.length);
  const all = new Map<string, GaugeFlood>();
  let main: GaugeFlood[] = [];
  let rainEndsMin = RAIN_STARTS_MIN;
  for (const [index, basin] of basins.entries()) {
    const random = createRandom(seed, `flood ${number} on ${basin[0]?.id}`);
    const isMain = index === number % basins.length;
    const rain = createRain(random, isMain ? CLOUDBURST_MM_PER_H : DRIZZLE_MM_PER_H);
    const flooded = floodBasin(basin, rain, isMain ? 'severe' : 'quiet', random);
    for (const each of flooded) all.set(each.gauge.id, each);
    if (!isMain) continue;
    main = flooded.sort((a, b) => a.peakMin - b.peakMin);
    rainEndsMin = rain.findLastIndex((mmPerH) => mmPerH > 0);
  }
  const quietMin = Math.max(0, ...[...all.values()].map(lastAlarmMin));
  return { gauges: all, main, rainEndsMin, durationMin: Math.min(HORIZON_MIN, Math.max(quietMin, 60) + 30) };
}

/** A storm of 35–55 minutes, strongest in the middle, in gusts. mm/h. */
function createRain(random: Random, strongest: readonly [number, number]): Float64Array {
  const rain = new Float64Array(HORIZON_MIN);
  const lastsMin = Math.round(between(random, 35, 55));
  const strongestMmPerH = between(random, ...strongest);
  for (let minute = 0; minute < lastsMin; minute++) {
    const swell = Math.sin((Math.PI * (minute + 0.5)) / lastsMin) ** 2;
    rain[RAIN_STARTS_MIN + minute] = strongestMmPerH * swell * between(random, 0.7, 1.3);
  }
  return rain;
}

function floodBasin(
  basin: readonly RiverGauge[],
  rain: Float64Array,
  story: 'severe' | 'quiet',
  random: Random,
): GaugeFlood[] {
  const local = runOff(rain);
  const flows = new Map<string, Float64Array>();
  for (const gauge of basin) {
    const above = gauge.upstream.flatMap(({ gauge: id, lagMin }) => {
      const flow = flows.get(id);
      return flow ? [routeDownstream(flow, lagMin)] : [];
    });
    const share = above.length > 0 ? LOCAL_SHARE : 1;
    flows.set(
      gauge.id,
      local.map((flow, minute) => {
        const fromAbove =
          above.reduce((sum, wave) => sum + (wave[minute] as number), 0) / Math.max(1, above.length);
        return share * flow + (1 - share) * fromAbove;
      }),
    );
  }
  const scaleTo = (gauge: RiverGauge, targetM: number) =>
    flowForStageShare((targetM - gauge.normalLevelM) / bedM(gauge)) /
    peakOf(flows.get(gauge.id) as Float64Array).value;
  const lowest = basin.at(-1) as RiverGauge;
  const belowSprings = basin.filter((gauge) => gauge.upstream.length > 0 || gauge === lowest);
  const scale =
    story === 'severe'
      ? Math.max(...belowSprings.map((gauge) => scaleTo(gauge, severeTargetM(gauge))))
      : Math.min(...basin.map((gauge) => scaleTo(gauge, quietTargetM(gauge, random))));
  return basin.map((gauge) => {
    const stageM = (flows.get(gauge.id) as Float64Array).map((flow) => {
      const stage = gauge.normalLevelM + bedM(gauge) * stageShare(flow * scale);
      return Math.min(stage, gauge.sensorRangeM[1] - SENSOR_MARGIN_M);
    });
    return { gauge, stageM, rainMmPerH: rain, peakMin: peakOf(flows.get(gauge.id) as Float64Array).minute };
  });
}

/** From the normal level to the highest threshold, m. */
function bedM(gauge: RiverGauge): number {
  return highestThresholdM(gauge) - gauge.normalLevelM;
}

function highestThresholdM(gauge: RiverGauge): number {
  return Math.max(...gauge.thresholds.map((each) => each.levelM));
}

/** A little past the lowest threshold that is severe or worse; past the highest where there is none. */
function severeTargetM(gauge: RiverGauge): number {
  const severe = gauge.thresholds.find((each) => SEVERITIES.indexOf(each.severity) >= SEVERE);
  const severeM = severe?.levelM ?? highestThresholdM(gauge);
  return severeM + 0.05 * (severeM - gauge.normalLevelM);
}

/** A small share of the way to the first threshold. */
function quietTargetM(gauge: RiverGauge, random: Random): number {
  const firstM = gauge.thresholds[0]?.levelM ?? highestThresholdM(gauge);
  return gauge.normalLevelM + (firstM - gauge.normalLevelM) * between(random, ...QUIET_SHARE);
}

/** The last minute at which a gauge could still hold an alert. */
function lastAlarmMin({ gauge, stageM }: GaugeFlood): number {
  const clearM = (gauge.thresholds[0]?.levelM ?? Number.POSITIVE_INFINITY) - gauge.hysteresisM;
  return stageM.findLastIndex((stage) => stage >= clearM);
}
