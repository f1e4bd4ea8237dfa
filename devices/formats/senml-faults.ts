/**
 * What is wrong with a record of SenML so that it, or the whole pack, cannot be believed [RFC 8428].
 *
 * Asked by senml.ts before it takes a record. Invariant: a base value holds for all records after it, so that one which
 * cannot be read costs the pack; a time of its own costs the record.
 */
import type { JsonObject } from '../parse-json.ts';
import { readNumber } from './measured.ts';

/** [RFC 8428, 4.4] the version that we know. */
const VERSION = 10;
/** The same with the feature "secondary units" [RFC 9100, 4]: cm, mm, min, km/h, which we know as well. */
const VERSION_WITH_SECONDARY_UNITS = 26;

/** A version, or a field that must be understood, that we do not know: the pack may mean anything [RFC 8428, 4.4]. */
export function findUnknownVersion(record: JsonObject): string | undefined {
  const { bver } = record;
  const version = typeof bver === 'string' ? Number(bver) : bver;
  const isKnown =
    version === undefined ||
    version === VERSION_WITH_SECONDARY_UNITS ||
    (typeof version === 'number' && version > 0 && version <= VERSION);
  if (!isKnown) return `bver is ${JSON.stringify(bver)?.slice(0, 20)}; known is ${VERSION}`;
  const demanded = Object.keys(record).find((key) => key.endsWith('_'));
  return demanded && `the field ${demanded.slice(0, 40)} must be understood, and is not`;
}

/** A base value that cannot be read: whose the records after it are, or of when, nobody knows. */
export function findBaseFault(record: JsonObject): string | undefined {
  const { bn } = record;
  if (bn !== undefined && typeof bn !== 'string' && typeof bn !== 'number')
    return 'the base name bn is no text';
  const field = (['bt', 'bv', 'bs'] as const).find((name) => isNoNumber(record[name]));
  return field && `the base value ${field} is no number: ${shown(record[field])}`;
}

export function isNoNumber(value: unknown): boolean {
  return value !== undefined && value !== null && readNumber(value) === undefined;
}

export function shown(value: unknown): string {
  return typeof value === 'object' ? 'an object or a list' : String(value).slice(0, 40);
}
