/**
 * What goes wrong in a real city, on purpose and seeded: a plan of which device suffers what, and when.
 *
 *   spike    one gauge reports a single absurd stage now and then
 *   silent   one gauge loses its network for a while and returns with a batch
 *   clock    one access point restarts two hours ahead, until it finds a time server
 *   garbage  one access point breaks off in the middle of a payload now and then
 *   uplink   one uplink fails: every access point behind it is gone at once
 *   link     one crew drives through a valley: its link is gone for half a minute, again and again
 *
 * Invariant: the plan depends on the city, the seed and who is spared alone; but for uplinks and crews, faults strike
 * only who speaks our own format, and never the main river of a flood.
 */

import type { City } from '../cities/city.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import { isRiverGauge } from '../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../devices/kinds/wifi-access-point.ts';
import type { FaultHooks, Measured } from './device/device.ts';
import { createRandom, pick, type Random } from './random.ts';

export const FAULT_NAMES = ['spike', 'silent', 'clock', 'garbage', 'uplink', 'link'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** A cut of the network, real seconds since the start: from … for …, again every … */
export interface Cut {
  readonly label: string;
  readonly devices: readonly string[];
  readonly fromS: number;
  readonly lastsS: number;
  readonly everyS: number;
}

export interface FaultPlan {
  hooks(device: string): FaultHooks;
  readonly cuts: readonly Cut[];
  /** One line a fault, for the start of the run. */
  readonly lines: readonly string[];
}

const SPIKE_CHANCE = 1 / 40;
const GARBAGE_CHANCE = 1 / 6;
const WRONG_CLOCK_MS = 2 * 3_600_000;
const WRONG_CLOCK_LASTS_MS = 120_000;
/** The first flood of a demo has passed by then: one story at a time. */
const SPIKES_FROM_S = 300;
const WRONG_CLOCK_FROM_S = 450;
const SILENT_CUT = { fromS: 330, lastsS: 90, everyS: 600 } as const;
/** Longer than an order waits for its first answer, shorter than a dispatcher's patience. */
const LINK_CUT = { fromS: 40, lastsS: 30, everyS: 120 } as const;
const UPLINK_CUT = { fromS: 100, lastsS: 90, everyS: 720 } as const;

export function planFaults(
  city: City,
  wanted: ReadonlySet<FaultName>,
  /** Gauges that the story needs whole, and who speaks a format in which a fault could not be told. */
  spared: ReadonlySet<string>,
  seed: number,
  startedAt: number,
): FaultPlan {
  const random = createRandom(seed, 'faults');
  const hooks = new Map<string, FaultHooks>();
  const cuts: Cut[] = [];
  const lines: string[] = [];
  const gauges = city.devices.filter((each) => isRiverGauge(each) && !each.tidal && !spared.has(each.id));
  const points = city.devices.filter((each) => isAccessPoint(each) && !spared.has(each.id));
  /** Takes one of a list away, so that each device suffers one fault. Undefined when none is left. */
  const draw = <T>(list: T[]): T | undefined => {
    const drawn = pick(random, list);
    list.splice(list.indexOf(drawn), 1);
    return drawn;
  };
  // All are drawn whether wanted or not: leaving one out must not move the others.
  const spiking = draw(gauges);
  const silent = draw(gauges);
  const early = draw(points);
  const garbling = draw(points);
  const uplink = city.uplinks.length > 0 ? pick(random, city.uplinks) : undefined;
  const crew = pick(random, city.devices.filter(isAmbulance));
  if (wanted.has('spike') && spiking) {
    hooks.set(spiking.id, { bend: bendStage(createRandom(seed, 'spike'), startedAt + SPIKES_FROM_S * 1000) });
    lines.push(
      `spike: ${spiking.id} reports an absurd stage about every ${Math.round(1 / SPIKE_CHANCE)} readings, from ${SPIKES_FROM_S} s on`,
    );
  }
  if (wanted.has('silent') && silent) {
    cuts.push({ label: `${silent.id} silent`, devices: [silent.id], ...SILENT_CUT });
    lines.push(`silent: ${silent.id} ${describeCut(SILENT_CUT)} and returns with a batch`);
  }
  if (wanted.has('clock') && early) {
    const fromMs = startedAt + WRONG_CLOCK_FROM_S * 1000;
    const untilMs = fromMs + WRONG_CLOCK_LASTS_MS;
    hooks.set(early.id, {
      clockOffsetMs: (nowMs) => (nowMs >= fromMs && nowMs < untilMs ? WRONG_CLOCK_MS : 0),
    });
    lines.push(`clock: ${early.id} is two hours ahead from ${WRONG_CLOCK_FROM_S} s on, for two minutes`);
  }
  if (wanted.has('garbage') && garbling) {
    hooks.set(garbling.id, { garble: breakOff(createRandom(seed, 'garbage')) });
    lines.push(
      `garbage: ${garbling.id} breaks off in about every ${Math.round(1 / GARBAGE_CHANCE)}th payload`,
    );
  }
  if (wanted.has('uplink') && uplink) {
    const behind = city.devices.filter((each) => isAccessPoint(each) && each.uplink === uplink.id);
    cuts.push({ label: `${uplink.id} down`, devices: behind.map((each) => each.id), ...UPLINK_CUT });
    lines.push(`uplink: ${uplink.id} (${behind.length} access points) ${describeCut(UPLINK_CUT)}`);
  }
  if (wanted.has('link') && crew) {
    cuts.push({ label: `${crew.id} without a link`, devices: [crew.id], ...LINK_CUT });
    lines.push(`link: ${crew.id} ${describeCut(LINK_CUT)}`);
  }
  return { hooks: (device) => hooks.get(device) ?? {}, cuts, lines };
}

function describeCut({ fromS, lastsS, everyS }: { fromS: number; lastsS: number; everyS: number }): string {
  return `is cut off at ${fromS} s for ${lastsS} s, and again every ${everyS / 60} min`;
}

/** A stage metres away from the last one, high or low, for one report: a branch under the sensor, a wave. */
function bendStage(random: Random, fromMs: number): (measured: Measured, nowMs: number) => Measured {
  return (measured, nowMs) => {
    if (nowMs < fromMs) return measured;
    const spikes = random() < SPIKE_CHANCE;
    const byM = (random() < 0.5 ? -1 : 1) * (1 + 2 * random());
    if (!spikes) return measured;
    const name = measured['levelM'] === undefined ? 'distanceM' : 'levelM';
    const value = Number(measured[name]) + byM;
    return { ...measured, [name]: Number((name === 'distanceM' ? Math.abs(value) : value).toFixed(3)) };
  };
}

/** The modem gave up in the middle of the message. */
function breakOff(random: Random): (text: string) => string {
  return (text) => {
    const broken = random() < GARBAGE_CHANCE;
    const keptShare = 0.3 + 0.5 * random();
    return broken ? text.slice(0, Math.floor(text.length * keptShare)) : text;
  };
}

/** Parses `spike,uplink`, `all` or `none`; a sentence when a word is unknown. */
export function parseFaults(text: string): ReadonlySet<FaultName> | string {
  if (text === 'all') return new Set(FAULT_NAMES);
  if (text === 'none') return new Set();
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !FAULT_NAMES.includes(word as FaultName));
  if (unknown.length > 0) return `no such fault: ${unknown.join(', ')}; there are ${FAULT_NAMES.join(', ')}`;
  return new Set(words as FaultName[]);
}
