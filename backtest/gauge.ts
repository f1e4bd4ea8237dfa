/**
 * A gauge for a back-test from a few words: `1.5,2.5,3.5` or `minor=0.8,moderate=1.5,extreme=2.0`.
 *
 * Invariant: thresholds ascend in level and in severity; what cannot be read is refused with an example.
 */
import type { RiverGauge, Threshold } from '../devices/kinds/river-gauge.ts';
import { SEVERITIES, type Severity } from '../devices/site.ts';

import { type LevelUnit, METRES } from '../tables/level-series.ts';

export interface GaugeOptions {
  readonly id: string;
  readonly thresholds: string;
  readonly unit: LevelUnit;
  readonly hysteresisM: number;
  /** m; outside it a reading is a fault of the sensor. Without it: two ladders' heights beyond the ladder. */
  readonly sensorRangeM?: readonly [number, number];
}

/** Throws with a sentence when the thresholds cannot be read. */
export function parseGauge(options: GaugeOptions): RiverGauge {
  const thresholds = parseThresholds(options.thresholds, METRES[options.unit]);
  const lowest = (thresholds[0] as Threshold).levelM;
  const highest = (thresholds.at(-1) as Threshold).levelM;
  const span = Math.max(highest - lowest, lowest / 2, 1);
  const [from, to] = options.sensorRangeM ?? [Math.min(0, lowest - 2 * span), highest + 2 * span];
  return {
    id: options.id,
    name: options.id,
    kind: 'river-gauge',
    lat: 0,
    lng: 0,
    river: 'river',
    tidal: false,
    sensorRangeM: [from, to],
    normalLevelM: lowest - span,
    thresholds,
    hysteresisM: options.hysteresisM,
    upstream: [],
  };
}

function parseThresholds(text: string, metres: number): Threshold[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.length > SEVERITIES.length)
    throw new Error(`at most ${SEVERITIES.length} thresholds, not ${words.length}`);
  // Without names the highest is the worst: three thresholds are moderate, severe and extreme.
  const unnamed = SEVERITIES.slice(SEVERITIES.length - words.length);
  let before = Number.NEGATIVE_INFINITY;
  let rankBefore = -1;
  return words.map((word, index) => {
    const [name, value] = word.includes('=') ? (word.split('=') as [string, string]) : [unnamed[index], word];
    const levelM = Number((Number(value) * metres).toPrecision(7));
    const rank = SEVERITIES.indexOf(name as Severity);
    if (value === '' || !Number.isFinite(levelM) || rank < 0) {
      throw new Error(
        `cannot read the threshold ${word}; write 80,150,200 or minor=80,severe=150,extreme=200`,
      );
    }
    if (levelM <= before || rank <= rankBefore)
      throw new Error(`thresholds must ascend, and ${word} does not`);
    before = levelM;
    rankBefore = rank;
    const label = `${levelM} m`;
    return { severity: name as Severity, label: { id: label, en: label }, levelM, comparator: '>=' };
  });
}
