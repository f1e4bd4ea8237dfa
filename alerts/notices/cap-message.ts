/**
 * One message of the Common Alerting Protocol 1.2 (OASIS, 2010) from an alert.
 *
 * Pure: the same alert, change and references give the same XML. Invariants: elements stand in the order of
 * the schema; an issued message is never edited, a later one refers to those before it; a drill and anything
 * simulated is `Exercise`.
 */
import type { Alert, LogEntry } from '../alert.ts';
import { INSTRUCTIONS } from '../instructions.ts';
import { stormOf } from '../lifecycle/grouping.ts';
import type { Prediction } from '../rules/forecast-words.ts';
import { capExpiry, capOnset } from './cap-times.ts';
import { formatLocalTime } from './local-time.ts';

export interface CapReference {
  readonly identifier: string;
  readonly sentMs: number;
}

export interface CapContext {
  readonly sender: string;
  readonly timeZone: string;
  readonly cityName: string;
  readonly publicUrl: string | undefined;
  readonly sentMs: number;
  /** Earlier messages of the alert, oldest first. */
  readonly references: readonly CapReference[];
}

export type CapMessageType = 'Alert' | 'Update' | 'Cancel';

/** What people are to do, by how bad it is; the instruction says the same in words. */
const RESPONSE = { minor: 'Monitor', moderate: 'Prepare', severe: 'Prepare', extreme: 'Evacuate' } as const;
const SEVERITY = { minor: 'Minor', moderate: 'Moderate', severe: 'Severe', extreme: 'Extreme' } as const;
/** Rules that speak of what is to come. */
const EXPECTED: ReadonlySet<string> = new Set(['time-to-threshold', 'upstream-rise']);
/** An all-clear is news for so long. */
const OVER_MS = 48 * 3_600_000;
/** Around a gauge, km: what its level says something of. */
const AREA_RADIUS_KM = 1.5;
const AREA_CORNERS = 12;
/** One degree of latitude, km. */
const DEGREE_KM = 111.32;

const DRILL = { id: 'LATIHAN: ', en: 'EXERCISE: ' } as const;
const ENDS: Readonly<Partial<Record<LogEntry['change'], { readonly id: string; readonly en: string }>>> = {
  resolved: { id: 'SELESAI: ', en: 'OVER: ' },
  withdrawn: { id: 'DICABUT: ', en: 'WITHDRAWN: ' },
};

export function capMessageType(change: LogEntry['change'], hasReferences: boolean): CapMessageType {
  if (change === 'withdrawn') return 'Cancel';
  return hasReferences ? 'Update' : 'Alert';
}

/** No spaces, commas, < or & in it. */
export function capIdentifier(alert: Pick<Alert, 'id' | 'city' | 'revision'>): string {
  return `siaga-${alert.city}-${alert.id}-${alert.revision}`;
}

/** Of a headline and of an entry of the feed: an end is never read as the warning. */
export function formatTitle(
  { exercise, subjectName, label }: Pick<Alert, 'exercise' | 'subjectName' | 'label'>,
  change: LogEntry['change'],
  language: 'id' | 'en',
): string {
  const drill = exercise ? DRILL[language] : '';
  const end = ENDS[change]?.[language] ?? '';
  return `${drill}${end}${subjectName}: ${label[language]}`;
}

export function formatCapMessage(alert: Alert, change: LogEntry['change'], context: CapContext): string {
  const { sender, timeZone, sentMs, references } = context;
  const type = capMessageType(change, references.length > 0);
  const refer = references.map(
    (each) => `${sender},${each.identifier},${formatLocalTime(each.sentMs, timeZone)}`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">',
    element('identifier', capIdentifier(alert)),
    element('sender', sender),
    element('sent', formatLocalTime(sentMs, timeZone)),
    element('status', alert.exercise ? 'Exercise' : 'Actual'),
    element('msgType', type),
    element('scope', 'Public'),
    ...(type === 'Cancel' ? [element('note', 'The readings that raised it were not confirmed.')] : []),
    ...(refer.length > 0 ? [element('references', refer.join(' '))] : []),
    element('incidents', stormOf(alert).replaceAll(/[\s,]/g, '-')),
    formatInfo(alert, change, 'id', context),
    formatInfo(alert, change, 'en', context),
    '</alert>',
    '',
  ].join('\n');
}

function formatInfo(
  alert: Alert,
  change: LogEntry['change'],
  language: 'id' | 'en',
  { timeZone, sentMs, cityName, publicUrl }: CapContext,
): string {
  const over = change === 'resolved' || change === 'withdrawn';
  const drill = alert.exercise ? DRILL[language] : '';
  const headline = formatTitle(alert, change, language);
  const blind =
    alert.blindSince === undefined
      ? ''
      : { id: ' Alat ukurnya tidak terdengar.', en: ' Its gauge is silent.' }[language];
  const eventNames = { id: 'Banjir', en: 'Flood' } as const;
  return [
    '<info>',
    element('language', language === 'id' ? 'id-ID' : 'en-US'),
    element('category', 'Met'),
    element('event', eventNames[language]),
    element('responseType', over ? 'AllClear' : RESPONSE[alert.severity]),
    element('urgency', over ? 'Past' : EXPECTED.has(alert.rule) ? 'Expected' : 'Immediate'),
    element('severity', SEVERITY[alert.severity]),
    element('certainty', certaintyOf(alert)),
    element('effective', formatLocalTime(sentMs, timeZone)),
    element('onset', formatLocalTime(capOnset(alert), timeZone)),
    element('expires', formatLocalTime(over ? sentMs + OVER_MS : capExpiry(alert, sentMs), timeZone)),
    element('senderName', `Siaga ${cityName}`),
    element('headline', headline.slice(0, 160)),
    element('description', `${drill}${alert.text[language]}${blind}`),
    ...(over ? [] : [element('instruction', INSTRUCTIONS[alert.severity][language])]),
    ...(publicUrl ? [element('web', `${publicUrl}/alerts/${alert.id}`)] : []),
    `<parameter>${element('valueName', 'rule')}${element('value', alert.rule)}</parameter>`,
    ...(alert.value === undefined
      ? []
      : [
          `<parameter>${element('valueName', `value (${alert.unit})`)}${element('value', String(alert.value))}</parameter>`,
        ]),
    '<area>',
    element('areaDesc', `${alert.subjectName}, ${cityName}`),
    ...(alert.lat !== undefined && alert.lng !== undefined
      ? [element('polygon', formatPolygon(alert.lat, alert.lng))]
      : []),
    '</area>',
    '</info>',
  ].join('\n');
}

/** CAP 1.2: `Likely` is more than about 50 %, `Possible` no more than that. */
function certaintyOf({ state, provisional, rule, detail }: Alert): string {
  if (provisional || state === 'withdrawn') return 'Possible';
  const { probabilityPct } = detail as Prediction;
  if (rule === 'time-to-threshold' && probabilityPct !== undefined && probabilityPct <= 50) return 'Possible';
  return EXPECTED.has(rule) ? 'Likely' : 'Observed';
}

/** A closed ring around a point: `lat,lng lat,lng …`, the first corner again at its end. */
function formatPolygon(lat: number, lng: number): string {
  const corners: string[] = [];
  for (let corner = 0; corner <= AREA_CORNERS; corner++) {
    const angle = ((corner % AREA_CORNERS) / AREA_CORNERS) * 2 * Math.PI;
    const north = lat + (AREA_RADIUS_KM / DEGREE_KM) * Math.cos(angle);
    const east = lng + ((AREA_RADIUS_KM / DEGREE_KM) * Math.sin(angle)) / Math.cos((lat * Math.PI) / 180);
    corners.push(`${north.toFixed(5)},${east.toFixed(5)}`);
  }
  return corners.join(' ');
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

/** Characters that XML 1.0 forbids are left out; the three that mean something are escaped. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
