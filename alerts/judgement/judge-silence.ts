/**
 * Judges the silence and the clock of one device, and says of its open alerts that they are blind.
 *
 * Stands beside the fold: everything here goes by our clock. Invariant: an access point behind an uplink that
 * is known to be down raises nothing of its own, and an alert of a silent device is kept.
 */
import { knownLagMs } from '../../clock/device-clock.ts';
import { isAlike } from '../../clock/server-clock.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import {
  CLOCK_PARAMETERS,
  CLOCK_SKEW,
  describeClock,
  describeOurClock,
  describeRightClock,
} from '../rules/clock-skew.ts';
import {
  describeHeardAgain,
  describeSilence,
  judgeSilence,
  type Known,
  SILENCE_DEFAULTS,
  SILENCE_RULES,
  type Silence,
  type SilenceParameters,
  type SilenceRule,
} from '../rules/silence.ts';
import { UPLINK_DOWN } from '../rules/uplink-down.ts';
import type { CityView } from './city-view.ts';
import type { DeviceWatch } from './device-watch.ts';
import { aboutRule, type EngineChange, NO_CHANGES } from './engine-change.ts';
import type { BoundRule } from './rule.ts';
import { type Episode, shownRank } from './track.ts';

/**
 * How often a gauge measures is known from its second reading on. Until then it may be once an hour, with room for
 * jitter, ms: it is neither blind at once nor waited for longer.
 */
const UNKNOWN_RHYTHM_MS = 65 * 60_000;

/** Whether a device is silent now. */
export function silenceOf(
  watch: DeviceWatch,
  view: Pick<CityView, 'listeningSince' | 'nowMs'>,
): Silence | undefined {
  const { kind } = watch.device;
  const allowedMs = silentAfterMs(watch, view.nowMs);
  return judgeSilence(watch.hearing, kind, allowedMs, parametersOf(kind), view.listeningSince, view.nowMs);
}

/**
 * Without a word for longer than this a device is silent, ms: by its kind, or by its own rhythm where that is slower.
 */
export function silentAfterMs({ device, hearing, timeline }: DeviceWatch, nowMs: number): number {
  const parameters = parametersOf(device.kind);
  const { told } = hearing;
  const toldMs = told && nowMs < told.untilMs ? told.intervalMs : 0;
  const sendsInBatches = deviceKinds.get(device.kind)?.silence?.sendsInBatches === true;
  const sendsMs = sendsInBatches ? hearing.sending.everyMs : 0;
  const intervalMs = Math.max(timeline.head.intervalMs, toldMs, sendsMs);
  const allowedMs = Math.max(parameters.silentAfterMs, parameters.silentAfterIntervals * intervalMs);
  const isUnknown = sendsInBatches && toldMs === 0 && timeline.head.readings === 1;
  return isUnknown ? Math.max(allowedMs, UNKNOWN_RHYTHM_MS) : allowedMs;
}

export function judgeDevice(watch: DeviceWatch, view: CityView): readonly EngineChange[] {
  const rule = SILENCE_RULES.get(watch.device.kind);
  const changes = rule ? judgeHearing(watch, view, rule) : NO_CHANGES;
  const skew = judgeClock(watch, view);
  return skew ? [...changes, skew] : changes;
}

/** Whether a reading of the device can have changed anything of its silence or clock. */
export function isWorthJudging({ hearing }: DeviceWatch): boolean {
  return hearing.silenceOpen || hearing.clock.isOff !== hearing.skewOpen;
}

function judgeHearing(watch: DeviceWatch, view: CityView, rule: SilenceRule): readonly EngineChange[] {
  const { conditions, nowMs } = view;
  const { kind } = watch.device;
  const silence = silenceOf(watch, view);
  const open = conditions.find(rule.name, watch.subject.id);
  if (!silence && !open) return NO_CHANGES;
  if (silence && !open && isBehindDeadUplink(watch, view)) return NO_CHANGES;
  // After a restart of ours nothing counts as silent for a while; only a word of its own ends a silence.
  if (!silence && open && !hasSpokenSince(watch, open.episode.startedAt)) return NO_CHANGES;
  const facts = factsOf(watch, view);
  const change = silence
    ? conditions.raise(
        rule,
        watch.subject,
        {
          rank: Math.max(open?.episode.rank ?? 0, silenceRank(watch, rule.rank)) as Rank,
          since: silence.since,
          value: (nowMs - silence.since) / 1000,
          simulated: watch.hearing.simulated,
          parameters: parametersOf(kind),
          description: describeSilence(facts, silence),
          // A finding with a detail is news each time.
          ...(open ? {} : { detail: { reason: silence.reason } }),
        },
        nowMs,
      )
    : conditions.clear(
        rule,
        watch.subject,
        describeHeardAgain(facts, open?.episode.startedAt ?? nowMs, reasonOf(open?.episode)),
        nowMs,
        nowMs,
      );
  watch.hearing.silenceOpen = silence !== undefined;
  return change ? [change, ...markBlind(watch, change, nowMs)] : NO_CHANGES;
}

function factsOf(
  { device, timeline }: DeviceWatch,
  { clock, nowMs }: Pick<CityView, 'clock' | 'nowMs'>,
): Known {
  const { recent, suspicion } = timeline.head;
  const levelM = recent.value.at(-1);
  return {
    kind: device.kind,
    name: device.name,
    levelM,
    doubtedAfterMs: suspicion?.believedAt,
    nowMs,
    clock,
  };
}

/** What an open alert of its silence would say now: it lasts longer and longer. Undefined where it is not silent. */
export function saySilence(
  watch: DeviceWatch,
  rule: string,
  view: Pick<CityView, 'clock' | 'listeningSince' | 'nowMs'>,
): Bilingual | undefined {
  if (SILENCE_RULES.get(watch.device.kind)?.name !== rule) return undefined;
  const silence = silenceOf(watch, view);
  return silence && describeSilence(factsOf(watch, view), silence).text;
}

/** Why it was called silent; of a silence of before it was noted, the plainest reason. */
function reasonOf(episode: Episode | undefined): Silence['reason'] {
  return (episode?.detail as { readonly reason?: Silence['reason'] } | undefined)?.reason ?? 'silent';
}

function hasSpokenSince({ device, hearing }: DeviceWatch, sinceMs: number): boolean {
  const { lastUsableAt, lastHeardAt, presence } = hearing;
  const needsUsable = deviceKinds.get(device.kind)?.silence?.needsUsable;
  if (!needsUsable || presence === 'sleeping') return lastHeardAt > sinceMs;
  return lastUsableAt > sinceMs;
}

function isBehindDeadUplink({ subject }: DeviceWatch, { conditions }: CityView): boolean {
  return subject.group !== undefined && conditions.find(UPLINK_DOWN.name, subject.group) !== undefined;
}

/** A gauge that goes blind in a flood is worse than one that goes blind on a dry day. */
function silenceRank({ device, known }: DeviceWatch, rank: Rank): Rank {
  const rankInAlert = deviceKinds.get(device.kind)?.silence?.rankInAlert;
  if (rankInAlert === undefined) return rank;
  const inAlert = known.some((list) => list.some(({ episode }) => episode.endedAt === undefined));
  return inAlert ? rankInAlert : rank;
}

/** An open alert of a device that fell silent is kept, and says that it is blind. */
function markBlind(watch: DeviceWatch, change: EngineChange, nowMs: number): EngineChange[] {
  if (change.change !== 'opened' && change.change !== 'resolved') return [];
  const word = change.change === 'opened' ? 'blind' : 'sighted';
  const changes: EngineChange[] = [];
  for (const [index, list] of watch.known.entries()) {
    const rule = watch.rules[index] as BoundRule;
    for (const { alert, episode } of list) {
      if (episode.endedAt !== undefined) continue;
      changes.push({
        change: word,
        alert,
        ...aboutRule(watch.subject, rule, rule.parameters),
        episode,
        description: rule.describe(episode, shownRank(episode)),
        evidence: [],
        atMs: word === 'blind' ? change.episode.startedAt : nowMs,
        receivedAt: nowMs,
      });
    }
  }
  return changes;
}

function judgeClock(watch: DeviceWatch, view: CityView): EngineChange | undefined {
  const { conditions, clock, nowMs, serverClockDoubt } = view;
  const { isOff } = watch.hearing.clock;
  const lagMs = knownLagMs(watch.hearing.clock);
  const isOurs = isOff && isAlike(watch.hearing.clock, serverClockDoubt);
  const wrong = isOff && !isOurs;
  const open = conditions.find(CLOCK_SKEW.name, watch.subject.id);
  if (wrong === (open !== undefined)) return undefined;
  const { name } = watch.device;
  watch.hearing.skewOpen = wrong;
  if (!wrong) {
    const end = isOurs ? describeOurClock(name) : describeRightClock(name, clock(nowMs, nowMs));
    return conditions.clear(CLOCK_SKEW, watch.subject, end, nowMs, nowMs);
  }
  const finding = {
    rank: 1 as Rank,
    since: nowMs,
    value: lagMs / 1000,
    simulated: watch.hearing.simulated,
    parameters: CLOCK_PARAMETERS,
    description: describeClock(name, watch.hearing.clock),
  };
  return conditions.raise(CLOCK_SKEW, watch.subject, finding, nowMs);
}

/** Worked out once a kind: this is asked for each reading. */
const PARAMETERS: ReadonlyMap<string, SilenceParameters> = new Map(
  [...deviceKinds.values()].map(({ name, silentAfterS }) => {
    const rank = SILENCE_RULES.get(name)?.rank ?? 1;
    return [name, { ...SILENCE_DEFAULTS, rank, silentAfterMs: silentAfterS * 1000 }] as const;
  }),
);
const UNKNOWN_KIND: SilenceParameters = { ...SILENCE_DEFAULTS, rank: 1, silentAfterMs: 300_000 };

function parametersOf(kind: string): SilenceParameters {
  return PARAMETERS.get(kind) ?? UNKNOWN_KIND;
}
