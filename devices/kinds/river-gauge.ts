/**
 * River and tide gauges. A gauge sends either the stage above its datum (`levelM`) or, where the sensor
 * hangs under a bridge, the distance down to the water (`distanceM`): stage = sensor height − distance,
 * worked out at validate from the device's `sensorHeightM`, and the distance is kept.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { QualityFlag } from '../reading.ts';
import { bilingual, id, isOfKind, place, SEVERITIES } from '../site.ts';
import { hintUnit } from '../unit-hints.ts';

/** A site that was added while Siaga runs may have less than the city's folder asks for. */
type LadderSite = Partial<Pick<RiverGauge, 'thresholds' | 'normalLevelM' | 'tidal' | 'upstream'>>;

const threshold = z.strictObject({
  severity: z.enum(SEVERITIES),
  /** The agency's own words: "Siaga 3", "zona kuning". */
  label: bilingual,
  levelM: z.number(),
  /** Whether the exact level counts belongs to the threshold: sources differ. */
  comparator: z.enum(['>=', '>']).default('>='),
});
export type Threshold = z.infer<typeof threshold>;

const site = z.strictObject({
  ...place,
  kind: z.literal('river-gauge'),
  /** The id of its river, or of the sea for a tide gauge. */
  river: id,
  tidal: z.boolean().default(false),
  /** Height of the sensor above the gauge datum; stage = sensorHeightM − distanceM. */
  sensorHeightM: z.number().optional(),
  /** What the sensor can see, m above datum: outside it a reading is a fault, not a flood. */
  sensorRangeM: z.tuple([z.number(), z.number()]),
  /** The stage on an ordinary dry day; the simulator starts from it. */
  normalLevelM: z.number(),
  /** Ascending. */
  thresholds: z.array(threshold).min(1),
  /** A level is left only when the stage is this much below it. */
  hysteresisM: z.number().positive().default(0.1),
  /** Gauges above it and how long a wave takes from there. */
  upstream: z.array(z.strictObject({ gauge: id, lagMin: z.number().positive() })).default([]),
});
export type RiverGauge = z.infer<typeof site>;
export const isRiverGauge = isOfKind<RiverGauge>('river-gauge');

/**
 * Where a level stands on the gauge's own ladder, whatever its metres: 0 on an ordinary day, below 1 under the lowest
 * threshold; from there the rank of the severity that is met (1 minor … 4 extreme) and the share of the way to the
 * next. Undefined without a ladder.
 */
export function ladderRank(
  { thresholds = [], normalLevelM }: LadderSite,
  levelM: number,
): number | undefined {
  const met = thresholds.findLast(({ comparator, levelM: from }) =>
    comparator === '>' ? levelM > from : levelM >= from,
  );
  const next = thresholds[met ? thresholds.indexOf(met) + 1 : 0];
  if (!met) return next && shareOf(normalLevelM ?? 0, levelM, next.levelM);
  const rank = SEVERITIES.indexOf(met.severity) + 1;
  return next ? rank + shareOf(met.levelM, levelM, next.levelM) : rank;
}

/** How far `at` is on its way, from 0 and below 1: what is not met is never drawn as if it were. */
function shareOf(from: number, at: number, to: number): number {
  return to > from ? Math.min(0.999, Math.max(0, (at - from) / (to - from))) : 0;
}

export const riverGauge = defineDeviceKind({
  name: 'river-gauge',
  site,
  label: { en: 'river gauge', id: 'pos duga air' },
  description:
    'Stage of a river, canal or the tide above the gauge datum, with rain where there is a bucket.',
  quantities: {
    levelM: { type: 'gauge', unit: 'm', min: -20, max: 120, description: 'Stage above the gauge datum.' },
    distanceM: {
      type: 'gauge',
      unit: 'm',
      min: 0,
      max: 60,
      description: 'From the sensor down to the water.',
    },
    // 400 mm in one report is more than the world's record for a quarter of an hour (198 mm).
    rainMm: {
      type: 'gauge',
      unit: 'mm',
      min: 0,
      max: 400,
      adds: true,
      description: 'Rain since the last report.',
    },
    rainTotalMm: {
      type: 'counter',
      unit: 'mm',
      description: 'Rain since the bucket counts; instead of `rainMm`, and no report of it can be lost.',
    },
    batteryV: {
      type: 'gauge',
      unit: 'V',
      min: 0,
      max: 60,
      leastMatters: true,
      description: 'Supply voltage.',
    },
    batteryPct: {
      type: 'gauge',
      unit: '%',
      min: 0,
      max: 100,
      leastMatters: true,
      description: 'Charge of the battery.',
    },
    rssiDbm: { type: 'gauge', unit: 'dBm', min: -150, max: 0, description: 'Radio signal at the device.' },
  },
  oneOf: [['levelM', 'distanceM']],
  reportIntervalS: 60,
  silentAfterS: 300,
  audience: 'public',
  tags: ['river'],
  groupedBy: 'river',
  references: { river: 'rivers' },
  digest: { name: 'gauges', per: 'city' },
  silence: {
    rule: 'gauge-blind',
    rank: 1,
    rankInAlert: 2,
    needsUsable: true,
    sendsInBatches: true,
    label: { en: 'no data from gauge', id: 'data pos duga terputus' },
  },
  settings: {
    sirenLevelM: {
      type: 'gauge',
      unit: 'm',
      min: -20,
      max: 120,
      description: 'From this stage on its own siren sounds.',
    },
    sirenClearLevelM: {
      type: 'gauge',
      unit: 'm',
      min: -20,
      max: 120,
      description: 'Below this stage its own siren is silent again.',
    },
  },
  findSettingsFault({ sirenLevelM, sirenClearLevelM }) {
    if (sirenClearLevelM === undefined) return undefined;
    if (sirenLevelM === undefined) return 'sirenClearLevelM needs sirenLevelM beside it';
    return sirenClearLevelM < sirenLevelM ? undefined : 'sirenClearLevelM must be below sirenLevelM';
  },
  panel: 'rivers',
  shows: ['levelM', 'rainMm', 'batteryV', 'rssiDbm'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 4711,
    levelM: 1.42,
    rainMm: 0.4,
    batteryV: 12.6,
    rssiDbm: -71,
  },
  sample(site: LadderSite, { levelM }) {
    const { thresholds = [], tidal, upstream = [] } = site;
    const ladder = thresholds.map((each) => [`${each.severity}M`, each.levelM] as const);
    const names = upstream.map(({ gauge, lagMin }) => `${gauge} ${lagMin} min`).join(', ');
    const known = { ...Object.fromEntries(ladder.toReversed()), upstream: names || undefined };
    if (typeof levelM !== 'number') return known;
    return { ...known, levelM, ladderRank: ladderRank(site, levelM), tideM: tidal ? levelM : undefined };
  },
  complete(values, site) {
    if (values['levelM'] !== undefined) return values;
    const { sensorHeightM } = site;
    if (typeof sensorHeightM !== 'number') {
      return 'distanceM needs the height of this sensor above the gauge datum: npm run city -- set devices <id> sensorHeightM=6.2; or send levelM';
    }
    return { ...values, levelM: sensorHeightM - (values['distanceM'] as number) };
  },
  hint({ levelM }, { sensorRangeM }) {
    if (!Array.isArray(sensorRangeM)) return undefined;
    const [lowest, highest] = sensorRangeM as [number, number];
    const unit = hintUnit(levelM, 'm', lowest, highest);
    const range = `its sensor can see ${lowest} to ${highest} m`;
    return unit === undefined ? range : `${range}; ${unit}`;
  },
  assess(values, site) {
    const { sensorRangeM } = site;
    // No sensor measures water that touches it: it says 0 where it has no echo.
    if (values['distanceM'] === 0) return QualityFlag.outsideSensorRange;
    if (!Array.isArray(sensorRangeM)) return 0;
    const levelM = values['levelM'] as number;
    return levelM < sensorRangeM[0] || levelM > sensorRangeM[1] ? QualityFlag.outsideSensorRange : 0;
  },
});
