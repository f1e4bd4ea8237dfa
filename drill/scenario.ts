/**
 * A scenario: which gauges rise in a drill, and how. A JSON file, or the body of a call.
 *
 * Invariant: the levels of a gauge stand in the order of time; between two of them the river moves in a straight line.
 */
import { z } from 'zod';
import type { City } from '../cities/entries.ts';
import { isRiverGauge, type RiverGauge } from '../devices/kinds/river-gauge.ts';

/** A shift is eight hours; a drill that nobody ends must not outlast it. */
const MAX_MINUTES = 480;
const MAX_GAUGES = 50;
const MAX_POINTS = 200;

const point = z.strictObject({
  minute: z.number().min(0).max(MAX_MINUTES).describe('Of the drill.'),
  levelM: z.number().min(-20).max(120).describe('Stage above the gauge datum, m.'),
});

export const scenarioSchema = z.strictObject({
  name: z.string().trim().min(1).max(80).describe('What people read: "Banjir Kali Garang".'),
  minutes: z.number().min(1).max(MAX_MINUTES).describe('It ends by itself after so long.'),
  everyS: z.int().min(1).max(300).default(15).describe('How often each gauge reports, seconds.'),
  gauges: z
    .array(
      z.strictObject({
        gauge: z.string().describe('The gauge of the city that is played.'),
        levels: z
          .array(point)
          .min(1)
          .max(MAX_POINTS)
          .refine(isAscending, 'the minutes must ascend')
          .describe('A straight line between them, the last one to the end.'),
      }),
    )
    .min(1)
    .max(MAX_GAUGES),
});
export type Scenario = z.infer<typeof scenarioSchema>;

const TWIN_PREFIX = 'latihan-';
const TWIN_NAME = 'LATIHAN';
const MAX_ID_LENGTH = 64;

/** A gauge that is played: the city's own is not touched, and goes on measuring. */
export interface Twin {
  readonly of: string;
  readonly site: RiverGauge;
  readonly levels: Scenario['gauges'][number]['levels'];
}

/** Why the scenario cannot be played in this city, in sentences. */
export function* findScenarioProblems(scenario: Scenario, city: City): Generator<string> {
  const seen = new Set<string>();
  for (const { gauge } of scenario.gauges) {
    const site = city.devices.find(({ id }) => id === gauge);
    if (!site) yield `there is no gauge ${gauge} in ${city.id}`;
    else if (!isRiverGauge(site)) yield `${gauge} is a ${site.kind}, and not a river gauge`;
    if (seen.has(gauge)) yield `${gauge} is there twice`;
    seen.add(gauge);
    if (city.devices.some(({ id }) => id === twinId(gauge)))
      yield `${twinId(gauge)} is a device of this city already`;
  }
}

/** The gauges of a scenario without problems, with the way of the water between those that are played. */
export function makeTwins({ gauges }: Scenario, city: City): Twin[] {
  const played = new Set(gauges.map(({ gauge }) => gauge));
  return gauges.flatMap(({ gauge, levels }) => {
    const site = city.devices.find(({ id }) => id === gauge);
    if (!isRiverGauge(site)) return [];
    const upstream = site.upstream
      .filter((above) => played.has(above.gauge))
      .map((above) => ({ ...above, gauge: twinId(above.gauge) }));
    return [
      {
        of: gauge,
        site: { ...site, id: twinId(gauge), name: `${TWIN_NAME} ${site.name}`, upstream },
        levels,
      },
    ];
  });
}

export function twinId(gauge: string): string {
  return `${TWIN_PREFIX}${gauge}`.slice(0, MAX_ID_LENGTH);
}

/** A device that a drill has put into the city; one that a person has given the same id has a name of its own. */
export function isTwin({ id, name }: { readonly id: string; readonly name: string }): boolean {
  return id.startsWith(TWIN_PREFIX) && name.startsWith(`${TWIN_NAME} `);
}

/** The level at a minute of the drill, m. */
export function levelAt(levels: Twin['levels'], minute: number): number {
  const next = levels.find((each) => each.minute > minute);
  const last = levels.findLast((each) => each.minute <= minute);
  if (!last || !next) return (last ?? next)?.levelM ?? 0;
  const share = (minute - last.minute) / (next.minute - last.minute);
  return Math.round((last.levelM + (next.levelM - last.levelM) * share) * 1_000) / 1_000;
}

function isAscending(levels: readonly z.infer<typeof point>[]): boolean {
  return levels.every(({ minute }, index) => minute > (levels[index - 1]?.minute ?? -1));
}
