/**
 * explainUnread: what of telemetry was left alone though its readings are sound, in a sentence for the inbox.
 *
 * Asked by the pipeline of each message on our own topics, and of what formats found and have no word for. A key that
 * is not of the contract moves nothing, nor does a `seq` that is no count; where a key stands twice, the last one
 * counts. Invariants: nothing is left alone without a word; a message without any of it costs a look at its flags and a
 * count of its quotes; so many are named.
 */

import type { DeviceKind } from '../devices/device-kind.ts';
import { hintKey } from '../devices/did-you-mean.ts';
import type { Claim } from '../devices/formats/format.ts';
import { QualityFlag, type Reading } from '../devices/reading.ts';
import { findRepeatedKeys } from '../devices/repeated-keys.ts';
import { isJsonObject, type JsonObject } from './decode.ts';

const MAX_NAMED = 5;
const SHOWN_CHARACTERS = 40;
const LEFT_ALONE = QualityFlag.unknownFields | QualityFlag.badEnvelope;

/** Empty where there is nothing to say. */
export function explainUnread(
  payload: Buffer,
  items: readonly unknown[],
  good: readonly Reading[],
  kind: DeviceKind,
): string {
  const isMarked = good.some(({ quality }) => (quality & LEFT_ALONE) !== 0);
  const repeated = findRepeatedKeys(payload, items);
  if (!isMarked && repeated.length === 0) return '';
  const unread = isMarked ? new Set(items.filter(isJsonObject).flatMap((item) => unreadOf(item, kind))) : [];
  return [
    ...[...unread].slice(0, MAX_NAMED),
    ...repeated.map((name) => `${name} stands twice in one object, the last one counts`),
  ].join('; ');
}

function unreadOf(item: JsonObject, kind: DeviceKind): readonly string[] {
  const { seq, simulated } = item;
  const unknown = Object.keys(item).filter((key) => !kind.payloadKeys.has(key));
  return [
    ...(isAbsent(seq) || (Number.isSafeInteger(seq) && (seq as number) >= 0)
      ? []
      : [`seq is ${shown(seq)} and is left out; expected a whole number from 0`]),
    ...(isAbsent(simulated) || typeof simulated === 'boolean'
      ? []
      : [`simulated is ${shown(simulated)} and is left out; expected true or false, without quotes`]),
    ...unknown.slice(0, MAX_NAMED).map((key) => {
      const hint = hintKey(key, item[key], kind);
      return `${key.slice(0, SHOWN_CHARACTERS)} is not read${hint === undefined ? '' : ` (${hint})`}`;
    }),
  ];
}

/** The same of a message in another format: what may be meant, and where a reading is refused all that was not read. */
export function explainLeftAlone({ unread }: Claim, kind: DeviceKind, isRefused: boolean): readonly string[] {
  if (unread === undefined) return [];
  const told: string[] = [];
  for (const [key, value] of Object.entries(unread)) {
    if (told.length >= MAX_NAMED) break;
    const hint = hintKey(key, value, kind);
    if (hint === undefined && !isRefused) continue;
    told.push(`${key.slice(0, SHOWN_CHARACTERS)} is not read${hint === undefined ? '' : ` (${hint})`}`);
  }
  return told;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, SHOWN_CHARACTERS) ?? 'nothing';
}
