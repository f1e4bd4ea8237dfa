/**
 * What the public pages know of the city now: gauges with level, step and trend, places with free Wi-Fi, warnings.
 *
 * Reads fleet, alerts and history, and keeps one picture for all readers for a few seconds, so that two thousand
 * phones cost the house as much as one. Invariants: it holds what everybody may see and nothing else (`maySeeKind`,
 * the audience of an alert); a level that is not fresh has no step and no trend; history that fails takes arrows and
 * plots away and nothing else.
 */
import { type Alert, rankOf } from '../alerts/alert.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { isWaterRule } from '../alerts/lifecycle/grouping.ts';
import { audienceOf } from '../alerts/record/format-alert.ts';
import type { City, CityFrame } from '../cities/city.ts';
import { isRiverGauge, type RiverGauge, type Threshold } from '../devices/kinds/river-gauge.ts';
import type { Reading } from '../devices/reading.ts';
import type { DeviceNow, Fleet, Liveness } from '../fleet/fleet.ts';
import type { LiveRegistry, RegisteredDevice } from '../fleet/registry.ts';
import type { History } from '../history/history.ts';
import { LevelHistory } from './level-history.ts';
import { type LevelPoint, TREND_SPAN_MS, TREND_WINDOW_MS, type Trend, trendOf } from './level-trend.ts';
import { findWifiPlaces, type WifiPlace } from './wifi-places.ts';

export interface PublicCityDependencies {
  readonly city: CityFrame;
  /** The city is another value after each change. */
  readonly registry: LiveRegistry;
  readonly fleet: Fleet;
  readonly alerts: Pick<Alerts, 'open' | 'find' | 'list' | 'explain'>;
  readonly history: Pick<History, 'windows'>;
  readonly maySeeKind: (kind: string) => boolean;
  readonly now: () => number;
}

/** A site that was added while Siaga runs may have less than the city's folder asks for. */
export type GaugeSite = Partial<Omit<RiverGauge, 'id' | 'kind' | 'name'>>;

export interface GaugeNow {
  readonly device: RegisteredDevice;
  readonly site: GaugeSite;
  readonly present: DeviceNow;
  readonly liveness: Liveness;
  /** Its newest sound reading, however old. */
  readonly last: Reading | undefined;
  readonly lastLevelM: number | undefined;
  /** The level now; undefined where nothing fresh is known. */
  readonly levelM: number | undefined;
  /** The highest step that the level has met. */
  readonly step: Threshold | undefined;
  readonly trend: Trend | undefined;
  /** Open and about water, the worst first. */
  readonly warnings: readonly Alert[];
}

export interface CityNow {
  readonly atMs: number;
  /** The worst first, then by name. */
  readonly gauges: readonly GaugeNow[];
  readonly wifi: readonly WifiPlace[];
  /** It rests on simulated readings: a drill. */
  readonly isExercise: boolean;
}

/** All readers within it see one picture. */
export const PICTURE_MS = 2_000;
/** Trends move slowly, and each is a question to history. */
export const TRENDS_MS = 60_000;
const TRENDS_AT_ONCE = 4;
/** Gauges that are listed and have an arrow, the worst first; a page says how many more there are. */
export const MAX_LISTED_GAUGES = 300;

export class PublicCity {
  readonly #dependencies: PublicCityDependencies;
  #picture: CityNow | undefined;
  #trends: ReadonlyMap<string, readonly LevelPoint[]> | undefined;
  /** The past of each gauge. */
  readonly levels: LevelHistory;
  #trendsAtMs = Number.NEGATIVE_INFINITY;
  #readingTrends: Promise<void> | undefined;

  constructor(dependencies: PublicCityDependencies) {
    this.#dependencies = dependencies;
    const { history, now } = dependencies;
    this.levels = new LevelHistory({ history, now, city: () => this.city });
    // What people see is the city of now, and not of some seconds ago.
    dependencies.registry.follow(() => {
      this.#picture = undefined;
    });
  }

  get city(): City {
    return this.#dependencies.registry.cityNow;
  }

  async now(): Promise<CityNow> {
    const nowMs = this.#dependencies.now();
    if (!this.#isYounger(this.#trendsAtMs, TRENDS_MS, nowMs)) {
      this.#trendsAtMs = nowMs;
      this.#readingTrends = this.#readTrends(nowMs);
    }
    // Only the very first reader waits for the arrows; later ones see those of a minute ago until the new ones are there.
    if (this.#trends === undefined) await this.#readingTrends;
    if (!this.#picture || !this.#isYounger(this.#picture.atMs, PICTURE_MS, nowMs)) {
      this.#picture = this.#look(nowMs);
    }
    return this.#picture;
  }

  /** An alert that everybody may see. */
  async alert(id: string): Promise<Alert | undefined> {
    const alert = await this.#dependencies.alerts.find(id);
    return alert && audienceOf(alert) === 'public' ? alert : undefined;
  }

  explain(alert: Alert) {
    return this.#dependencies.alerts.explain(alert);
  }

  /** Floods of a gauge that are over, the newest first. */
  async floods(gauge: string, limit: number): Promise<readonly Alert[]> {
    return this.#dependencies.alerts.list({
      ...{ states: ['resolved'], rule: 'river-level', subject: gauge, audience: 'public', limit },
    });
  }

  /** What is open about a device and everybody may see, the worst first. */
  openAbout(subject: string): readonly Alert[] {
    return this.#open().filter((alert) => alert.subject === subject);
  }

  /** A clock that was set back makes nothing young for ever. */
  #isYounger(atMs: number, thanMs: number, nowMs: number): boolean {
    return Math.abs(nowMs - atMs) < thanMs;
  }

  #open(): Alert[] {
    const open = this.#dependencies.alerts.open().filter((alert) => audienceOf(alert) === 'public');
    return open.sort((a, b) => rankOf(b.severity) - rankOf(a.severity) || b.startedAt - a.startedAt);
  }

  #look(nowMs: number): CityNow {
    const { registry, maySeeKind } = this.#dependencies;
    const devices = registry.all().filter(({ kind }) => maySeeKind(kind));
    const warnings = Map.groupBy(
      this.#open().filter(({ rule }) => isWaterRule(rule)),
      ({ subject }) => subject,
    );
    const gauges = devices
      .filter((device) => isRiverGauge(device as { kind: string }))
      .map((device) => this.#lookAtGauge(device, warnings.get(device.id) ?? [], nowMs))
      .sort((a, b) => urgencyOf(b) - urgencyOf(a) || (a.device.name < b.device.name ? -1 : 1));
    return {
      atMs: nowMs,
      gauges,
      wifi: findWifiPlaces(devices, this.#dependencies.fleet, nowMs),
      isExercise: gauges.some(
        ({ levelM, last, warnings: open }) =>
          (levelM !== undefined && last?.simulated) || open.some(({ exercise }) => exercise),
      ),
    };
  }

  #lookAtGauge(device: RegisteredDevice, warnings: readonly Alert[], nowMs: number): GaugeNow {
    const { fleet } = this.#dependencies;
    const present = fleet.now(device.id) as DeviceNow;
    const site: GaugeSite = (device.site as RiverGauge | undefined) ?? {};
    const { last } = present;
    const liveness = fleet.liveness(present, nowMs);
    const lastLevelM = last?.values['levelM'] as number | undefined;
    const isFresh =
      last !== undefined && nowMs - last.measuredAt <= fleet.silentAfterMs(present) && liveness === 'online';
    const { thresholds = [] } = site;
    const levelM = isFresh && lastLevelM !== undefined ? keepBelow(lastLevelM, thresholds) : undefined;
    return {
      ...{ device, site, present, liveness, last, lastLevelM, levelM, warnings },
      step: levelM === undefined ? undefined : stepAt(levelM, thresholds),
      trend: levelM === undefined ? undefined : trendOf(this.#trends?.get(device.id) ?? [], nowMs),
    };
  }

  async #readTrends(nowMs: number): Promise<void> {
    const listed = this.#look(nowMs).gauges.filter(({ levelM }) => levelM !== undefined);
    const left = listed.slice(0, MAX_LISTED_GAUGES);
    const trends = new Map<string, readonly LevelPoint[]>();
    const readNext = async (): Promise<void> => {
      for (let gauge = left.pop(); gauge; gauge = left.pop()) {
        const { device } = gauge;
        const asked = { spanMs: TREND_SPAN_MS, everyMs: TREND_WINDOW_MS, fn: 'mean' } as const;
        // History says by itself that it fails; here it costs the arrow.
        trends.set(device.id, await this.levels.windows(device, asked).catch(() => []));
      }
    };
    await Promise.all(Array.from({ length: TRENDS_AT_ONCE }, readNext));
    this.#trends = trends;
    this.#picture = undefined;
  }
}

/** The highest threshold that the level has met. */
export function stepAt(levelM: number, thresholds: readonly Threshold[]): Threshold | undefined {
  return thresholds.findLast(({ comparator, levelM: from }) =>
    comparator === '>' ? levelM > from : levelM >= from,
  );
}

/** Levels are shown in centimetres: 1.497 m is 1.49 m below a threshold of 1.50 m, which it has not met. */
function keepBelow(levelM: number, thresholds: readonly Threshold[]): number {
  const shownM = Number(levelM.toFixed(2));
  const met = stepAt(levelM, thresholds);
  return stepAt(shownM, thresholds) === met ? levelM : Math.floor(levelM * 100) / 100;
}

/** By the worst that is known of it; a gauge without data before one that is calm. */
function urgencyOf({ warnings, step, levelM }: GaugeNow): number {
  const worst = Math.max(0, ...warnings.map(({ severity }) => rankOf(severity)));
  const stepRank = step ? rankOf(step.severity) : 0;
  return Math.max(worst, stepRank) * 2 + (levelM === undefined ? 1 : 0);
}
