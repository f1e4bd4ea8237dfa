/**
 * A word to a crew as people see it: when it was sent, when the unit's device had it, when the crew acknowledged
 * it, and in one sentence where it stands.
 *
 * For the API and the stream alike. Invariant: a word that is not with the crew says so, and when its unit was
 * last connected.
 */
import type { DispatchContext } from '../dispatch-context.ts';
import type { CrewLink, CrewLinks } from './crew-links.ts';
import { type CrewWordRow, isWord, type WordKind } from './crew-words.ts';

export interface WordView {
  readonly id: number;
  readonly kind: WordKind;
  readonly unit: string;
  readonly incident: number | null;
  readonly assignment: number | null;
  readonly text: string | null;
  readonly madeBy: string;
  readonly sends: number;
  /** Epoch ms, as the other times. */
  readonly madeAt: number;
  /** Handed to the unit's connection, last. */
  readonly sentAt: number | null;
  /** The unit's client had it: its PUBACK. */
  readonly reachedAt: number | null;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly endedAt: number | null;
  readonly state: string;
}

export function describeWord(row: CrewWordRow, link: CrewLink, nowMs: number): WordView {
  return {
    id: row.id,
    kind: row.kind as WordKind,
    unit: row.unit,
    incident: row.incident,
    assignment: row.assignment,
    text: row.text,
    madeBy: row.made_by,
    sends: row.sends,
    madeAt: Number(row.made_at),
    sentAt: toNumber(row.sent_at),
    reachedAt: toNumber(row.reached_at),
    acknowledgedAt: toNumber(row.acknowledged_at),
    acknowledgedBy: row.acknowledged_by,
    endedAt: toNumber(row.ended_at),
    state: describeState(row, link, nowMs),
  };
}

/** To those who watch. */
export function publishWord(
  { publishEvent, now }: DispatchContext,
  links: Pick<CrewLinks, 'of'>,
  row: CrewWordRow,
): void {
  const { id, madeAt, sentAt, reachedAt, acknowledgedAt, endedAt, ...rest } = describeWord(
    row,
    links.of(row.unit),
    now(),
  );
  const times = { madeAt, sentAt, reachedAt, acknowledgedAt, endedAt };
  const texts = Object.entries(times).map(([name, ms]) => [name, ms === null ? null : formatTime(ms)]);
  publishEvent('incident', { event: 'word', word: id, ...rest, ...Object.fromEntries(texts) });
}

function describeState(row: CrewWordRow, link: CrewLink, nowMs: number): string {
  const { acknowledged_at, acknowledged_by, unit, ended_at, ended_why, reached_at, sent_at } = row;
  if (acknowledged_at !== null) {
    // Word of a second unit is done by its device; what the crew has read nobody knows.
    if (isWord(row, 'second-unit') && acknowledged_by === unit) return "on the crew's device";
    return acknowledged_by === unit ? 'acknowledged by the crew' : `acknowledged, says ${acknowledged_by}`;
  }
  if (ended_at !== null) return `void: ${ended_why}`;
  if (reached_at !== null) return "on the crew's device, not yet acknowledged";
  const { isListening, connectedSinceMs, lastConnectedMs } = link;
  if (isListening && sent_at !== null) {
    return `sent ${formatAge(nowMs - Number(sent_at))} ago, not yet on the crew's device`;
  }
  if (isListening) return 'about to be sent';
  if (connectedSinceMs !== undefined) {
    return 'not yet with the crew: its device is connected and does not listen to commands';
  }
  return lastConnectedMs === undefined
    ? 'not yet with the crew, not connected since this server started'
    : `not yet with the crew, last connected ${formatAge(nowMs - lastConnectedMs)} ago`;
}

/** "40 s", "3 min", "2 h". */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function toNumber(ms: number | null): number | null {
  return ms === null ? null : Number(ms);
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}
