/**
 * A recorded message of a format and what must come of it: `test/formats/<format>/<case>/case.json`.
 *
 * The payload is JSON as it was sent, or `{"$text"}`, `{"$base64"}`, `{"$sparkplug"}` where it was none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { FormatMessage, FormatOptions } from '../../devices/formats/format.ts';
import { formatSparkplug, type SparkplugWords } from '../../firmware-sim/device/formats/sparkplug-payload.ts';

export interface FormatCase {
  readonly name: string;
  readonly says: string;
  readonly topic: string;
  readonly options?: FormatOptions;
  readonly payload: unknown;
  readonly rejection?: string;
  readonly claims?: readonly {
    readonly aliases: readonly string[];
    readonly items: readonly object[];
    readonly presence?: string;
    readonly rejection?: string;
    readonly note?: boolean;
    readonly isOfNobody?: true;
  }[];
}

const FOLDER = `${import.meta.dirname}/../formats`;
export const FORMAT_CASES_AT_MS = Date.UTC(2026, 0, 15, 2, 30);

export function formatFolders(): string[] {
  return readdirSync(FOLDER).sort();
}

export function loadFormatCases(format: string): FormatCase[] {
  return readdirSync(`${FOLDER}/${format}`).map((name) => ({
    name,
    ...(JSON.parse(readFileSync(`${FOLDER}/${format}/${name}/case.json`, 'utf8')) as Omit<
      FormatCase,
      'name'
    >),
  }));
}

export function messageOf({ topic, payload, options }: FormatCase): FormatMessage {
  return {
    topic,
    payload: payloadOf(payload),
    receivedAt: FORMAT_CASES_AT_MS,
    ...(options ? { options } : {}),
  };
}

function payloadOf(payload: unknown): Buffer {
  const { $text, $base64, $sparkplug } = payload as Record<string, unknown>;
  if (typeof $text === 'string') return Buffer.from($text);
  if (typeof $base64 === 'string') return Buffer.from($base64, 'base64');
  if ($sparkplug !== undefined) return formatSparkplug($sparkplug as SparkplugWords);
  return Buffer.from(JSON.stringify(payload));
}
