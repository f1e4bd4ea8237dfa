/**
 * Uplink down: most access points behind one line fell silent together, so it is the line.
 *
 * One alert instead of two hundred: while it is open, silent access points behind it raise none of their own,
 * and those that had are folded into it. Invariant: it suppresses creation only; an access point that is
 * still silent when the line is back gets its own alert then.
 */
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import type { CityView } from '../judgement/city-view.ts';
import type { DeviceWatch } from '../judgement/device-watch.ts';
import { type EngineChange, type Subject, UPLINK_SUBJECT } from '../judgement/engine-change.ts';

export const UPLINK_DOWN = { name: 'uplink-down', version: 1, unit: 'access points' } as const;
export const UPLINK_PARAMETERS = {
  /** So many must be down at once … */
  minMembers: 3,
  /** … and this share of those that were ever heard. */
  downShare: 0.6,
  /** It is back when no more than this share is down. */
  upShare: 0.3,
  /** A member is missing after so many of its report intervals: before it counts as silent itself. */
  missingIntervals: 2.5,
} as const;

const LABEL: Bilingual = { en: 'uplink down', id: 'sambungan induk putus' };

interface Members {
  readonly heard: DeviceWatch[];
  readonly missing: DeviceWatch[];
  /** At least one has been away long enough to be an alert of its own. */
  readonly anySilent: boolean;
}

/** `isSilent` is the access point's own judgement. */
export function judgeUplinks(view: CityView, isSilent: (watch: DeviceWatch) => boolean): EngineChange[] {
  const changes: EngineChange[] = [];
  const byUplink = Map.groupBy(
    [...view.watches.values()].filter((watch) => isAccessPoint(watch.device)),
    (watch) => watch.subject.group ?? '',
  );
  for (const uplink of view.city.uplinks) {
    const subject: Subject = { id: uplink.id, name: uplink.name, kind: UPLINK_SUBJECT, group: uplink.id };
    const open = view.conditions.find(UPLINK_DOWN.name, uplink.id);
    const members = lookAt(byUplink.get(uplink.id) ?? [], view, isSilent, open?.episode.changedAt);
    const share = members.missing.length / Math.max(1, members.heard.length);
    const down =
      members.missing.length >= UPLINK_PARAMETERS.minMembers && share >= UPLINK_PARAMETERS.downShare;
    if (!open && down && members.anySilent) changes.push(...raise(view, subject, members));
    else if (open && share <= UPLINK_PARAMETERS.upShare) {
      const end = describeEnd(uplink.name, members);
      const change = view.conditions.clear(UPLINK_DOWN, subject, end, view.nowMs, view.nowMs);
      if (change) changes.push(change);
    }
  }
  return changes;
}

function raise(view: CityView, subject: Subject, members: Members): EngineChange[] {
  const { missing } = members;
  const finding = {
    rank: 2 as Rank,
    since: Math.min(...missing.map((watch) => watch.hearing.lastHeardAt)),
    value: missing.length,
    simulated: missing.every((watch) => watch.hearing.simulated),
    parameters: UPLINK_PARAMETERS,
    description: describe(subject.name, members),
    detail: { accessPoints: missing.map((watch) => watch.device.id) },
  };
  const raised = view.conditions.raise(UPLINK_DOWN, subject, finding, view.nowMs);
  if (!raised) return [];
  const folded: EngineChange[] = [];
  for (const { device } of missing) {
    const own = view.conditions.find('access-point-down', device.id);
    if (own) folded.push({ ...raised, change: 'folded', alert: own.alert, foldedInto: raised.alert });
  }
  return [raised, ...folded];
}

function lookAt(
  members: readonly DeviceWatch[],
  view: CityView,
  isSilent: (watch: DeviceWatch) => boolean,
  downSince: number | undefined,
): Members {
  const heard = members.filter((watch) => watch.hearing.lastHeardAt > 0);
  const missing = heard.filter((watch) => {
    const { hearing } = watch;
    if (hearing.presence === 'sleeping') return false;
    // While the line is known to be down only a word brings a member back, not a restart of ours.
    // What was refused came over the line as well.
    const wordAt = Math.max(hearing.lastHeardAt, hearing.refusedAt ?? 0);
    if (downSince !== undefined && wordAt <= downSince) return true;
    if (hearing.presence === 'offline' && hearing.presenceAt >= wordAt) return true;
    const quietMs = view.nowMs - Math.max(wordAt, view.listeningSince);
    return quietMs > UPLINK_PARAMETERS.missingIntervals * watch.timeline.head.intervalMs;
  });
  return { heard, missing, anySilent: missing.some(isSilent) };
}

function describe(name: string, { missing, heard }: Members): EngineChange['description'] {
  return {
    label: LABEL,
    text: {
      en: `${name} is down: ${missing.length} of the ${heard.length} access points on it send nothing. Check the line first.`,
      id: `${name} putus: ${missing.length} dari ${heard.length} titik Wi-Fi yang memakainya tidak mengirim data. Periksa jalurnya dulu.`,
    },
  };
}

function describeEnd(name: string, { missing, heard }: Members): EngineChange['description'] {
  const back = heard.length - missing.length;
  const all = missing.length === 0;
  return {
    label: LABEL,
    text: {
      en: all
        ? `${name} is back; all ${heard.length} access points are connected.`
        : `${name} is back; ${back} of its ${heard.length} access points are connected, the others send nothing yet.`,
      id: all
        ? `${name} pulih, ${back} dari ${heard.length} titik Wi-Fi terhubung kembali.`
        : `${name} pulih, ${back} dari ${heard.length} titik Wi-Fi terhubung kembali; yang lain belum mengirim data.`,
    },
  };
}
