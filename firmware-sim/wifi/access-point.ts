/**
 * A public access point as firmware: clients over the day, counters that restart, the quality of the link.
 *
 * The crowd follows the local hour (on the story's time, so that a day passes while one watches) and the
 * place; counters grow with the clients and fall to 0 when the device restarts, as real ones do. Invariant:
 * between two restarts no counter ever falls.
 */
import type { AccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import type { Behaviour } from '../device/device.ts';
import { between, exponential, normal, type Random } from '../random.ts';
import { type StoryClock, storyIntervalMs } from '../story-clock.ts';

/** A restart every few days of the story: a power cut, an update. */
const MEAN_MIN_BETWEEN_RESTARTS = 2 * 24 * 60;
/** What a client moves on average, bytes a second: messages and some video. */
const DOWN_BYTES_PER_S = 25_000;
const UP_BYTES_PER_S = 4_000;
/** The crowd of one place changes slowly; correlation of its deviation from one report to the next. */
const CROWD_MEMORY = 0.85;

/** People who find an access point as full as this go on: its usual crowd is never too much for it. */
const FULL_SHARE = 0.95;
/** A market, a concert, a train that does not come: so many times the usual crowd, and all of it stays. */
const RUSH_FACTOR = 1.8;
const RUSH_LASTS_MIN = 3 * 60;
const MEAN_MIN_BETWEEN_RUSHES = 10 * 24 * 60;

/** Share of the capacity in use by local hour: asleep at four, lunch, and the full evening. */
const CROWD_BY_HOUR = [
  0.12, 0.08, 0.05, 0.04, 0.05, 0.1, 0.2, 0.32, 0.4, 0.45, 0.5, 0.56, 0.62, 0.58, 0.52, 0.55, 0.62, 0.7, 0.8,
  0.86, 0.8, 0.62, 0.4, 0.22,
] as const;

/** Share of capacity in use at a local hour with fractions, 0–24. */
export function crowdShare(hour: number): number {
  const before = Math.floor(hour) % 24;
  const share = CROWD_BY_HOUR[before] as number;
  const next = CROWD_BY_HOUR[(before + 1) % 24] as number;
  return share + (next - share) * (hour - Math.floor(hour));
}

export function createAccessPoint(
  site: AccessPoint,
  /** Local hour of the city at the start of the story. */
  startHour: number,
  story: StoryClock,
  random: Random,
  /** No rush before this minute of the story. */
  calmUntilMin = 0,
): Behaviour {
  const popularity = between(random, 0.6, 1.15);
  const intervalMs = storyIntervalMs(story, 10_000, 60_000);
  let crowd = normal(random);
  let measuredAt: number | undefined;
  let bootedAt: number | undefined;
  let restartAtMin = exponential(random, MEAN_MIN_BETWEEN_RESTARTS);
  let rushAtMin = calmUntilMin + exponential(random, MEAN_MIN_BETWEEN_RUSHES);
  let rxBytes = 0;
  let txBytes = 0;
  return {
    intervalMs: () => intervalMs,
    measure(nowMs) {
      const minute = story.minutes(nowMs);
      // Booted some time before the simulation began, so that the first uptime is not 0 everywhere.
      if (bootedAt === undefined) {
        const upS = between(random, 3_600, 20 * 86_400);
        bootedAt = nowMs - upS * 1000;
        // What a third of the capacity moves in that time.
        rxBytes = Math.round(upS * UP_BYTES_PER_S * (site.capacityClients / 3));
        txBytes = Math.round(upS * DOWN_BYTES_PER_S * (site.capacityClients / 3));
      }
      if (minute >= restartAtMin) {
        restartAtMin = minute + exponential(random, MEAN_MIN_BETWEEN_RESTARTS);
        bootedAt = nowMs;
        rxBytes = 0;
        txBytes = 0;
      }
      crowd = CROWD_MEMORY * crowd + Math.sqrt(1 - CROWD_MEMORY ** 2) * normal(random);
      const usual = crowdShare((startHour + minute / 60) % 24) * popularity * (1 + 0.18 * crowd);
      const isRush = minute >= rushAtMin;
      const share = isRush ? usual * RUSH_FACTOR : Math.min(FULL_SHARE, usual);
      if (minute >= rushAtMin + RUSH_LASTS_MIN)
        rushAtMin = minute + exponential(random, MEAN_MIN_BETWEEN_RUSHES);
      const clients = Math.max(0, Math.round(site.capacityClients * share));
      const elapsedS = (nowMs - (measuredAt ?? nowMs)) / 1000;
      measuredAt = nowMs;
      rxBytes += Math.round(clients * UP_BYTES_PER_S * elapsedS * between(random, 0.6, 1.4));
      txBytes += Math.round(clients * DOWN_BYTES_PER_S * elapsedS * between(random, 0.6, 1.4));
      const load = clients / site.capacityClients;
      return {
        clients,
        rxBytes,
        txBytes,
        rttMs: Number((4 + 10 * load ** 2 + exponential(random, 2)).toFixed(1)),
        lossPct: Number(Math.min(100, exponential(random, 0.15 + Math.max(0, load - 0.9) * 4)).toFixed(2)),
        channelUtilizationPct: Math.round(Math.min(97, 8 + 75 * load + 4 * Math.abs(normal(random)))),
        uptimeS: Math.round((nowMs - bootedAt) / 1000),
      };
    },
  };
}
