/**
 * Rob: the tide stands high and it rains, so that the city cannot drain.
 *
 * Either alone is ordinary; together they put water on the streets below the tide's own threshold. Rain is the
 * second highest of the city's buckets over three hours, so that one broken bucket drowns nobody.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import type { CityView } from '../judgement/city-view.ts';
import type { EngineChange } from '../judgement/engine-change.ts';
import { formatMetres } from '../wording.ts';
import { rainWithin } from './rain.ts';

export const ROB = { name: 'rob', version: 1, unit: 'm' } as const;
export const ROB_PARAMETERS = {
  /** Below the tide's lowest threshold by this much it is high already, m. */
  belowThresholdM: 0.2,
  rainWindowMs: 3 * 3_600_000,
  /** BMKG calls 50 mm a day heavy; in three hours it is more than canals carry against the tide. */
  rainMm: 20,
  heavyRainMm: 50,
  /** It ends below these shares, so that it does not flap. */
  endShare: 0.7,
  /** A tide reading older than this says nothing of now, ms. */
  freshMs: 30 * 60_000,
} as const;

const LABEL: Bilingual = { en: 'tide and rain', id: 'rob dan hujan' };

export function judgeRob(view: CityView): EngineChange[] {
  const changes: EngineChange[] = [];
  let rainMm: number | undefined;
  for (const watch of view.watches.values()) {
    const { site } = watch.device;
    if (!isRiverGauge(site) || !site.tidal) continue;
    const { recent } = watch.timeline.head;
    const levelM = recent.value.at(-1);
    const lowestM = site.thresholds[0]?.levelM;
    if (levelM === undefined || lowestM === undefined) continue;
    // A blind tide gauge resolves nothing: its last word stands until the next.
    if (view.nowMs - watch.hearing.lastUsableAt > ROB_PARAMETERS.freshMs) continue;
    rainMm ??= cityRain(view);
    const open = view.conditions.find(ROB.name, watch.subject.id);
    const share = open ? ROB_PARAMETERS.endShare : 1;
    const limitM = lowestM - ROB_PARAMETERS.belowThresholdM * (open ? 1.5 : 1);
    const heavy = rainMm >= ROB_PARAMETERS.heavyRainMm * share && levelM >= lowestM;
    const rank: Rank = levelM < limitM || rainMm < ROB_PARAMETERS.rainMm * share ? 0 : heavy ? 3 : 2;
    const { name } = watch.device;
    const change =
      rank === 0
        ? view.conditions.clear(
            ROB,
            watch.subject,
            describeEnd(name, levelM, rainMm, view.clock(view.nowMs, view.nowMs)),
            view.nowMs,
            view.nowMs,
          )
        : view.conditions.raise(
            ROB,
            watch.subject,
            {
              rank: Math.max(rank, open?.episode.rank ?? 0) as Rank,
              since: view.nowMs,
              value: levelM,
              simulated: watch.hearing.simulated,
              parameters: ROB_PARAMETERS,
              description: describe(name, levelM, rainMm),
            },
            view.nowMs,
          );
    if (change) changes.push(change);
  }
  return changes;
}

function cityRain(view: CityView): number {
  const sums: number[] = [];
  for (const { hearing } of view.watches.values()) {
    if (hearing.rain.length > 0)
      sums.push(rainWithin(hearing.rain, view.nowMs - ROB_PARAMETERS.rainWindowMs));
  }
  sums.sort((a, b) => b - a);
  return (sums.length >= 3 ? sums[1] : sums[0]) ?? 0;
}

function describe(name: string, levelM: number, rainMm: number): EngineChange['description'] {
  const level = formatMetres(levelM);
  return {
    label: LABEL,
    text: {
      en: `Tidal flooding: the sea at ${name} is at ${level.en} and ${rainMm.toFixed(0)} mm of rain fell in 3 h; low streets will drain slowly.`,
      id: `Rob: muka laut di ${name} ${level.id} dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam. Genangan di jalan-jalan rendah akan lama surut.`,
    },
  };
}

function describeEnd(
  name: string,
  levelM: number,
  rainMm: number,
  at: Bilingual,
): EngineChange['description'] {
  const level = formatMetres(levelM);
  return {
    label: LABEL,
    text: {
      en: `Tide and rain no longer add up: the sea at ${name} was at ${level.en} at ${at.en}, and ${rainMm.toFixed(0)} mm of rain fell in the last 3 h.`,
      id: `Rob berakhir: muka laut di ${name} ${level.id} ${at.id}, dan hujan ${rainMm.toFixed(0)} mm dalam 3 jam terakhir.`,
    },
  };
}
