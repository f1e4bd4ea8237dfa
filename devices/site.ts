/**
 * Site: what a city's folder says of the place where a device stands or belongs, and the words that sites share.
 *
 * Each kind (kinds/) adds what it needs to know of a site to these four; cities/ reads them all. Invariant: what one
 * entry can know of itself is checked by its schema; what takes two entries is checked in cities/cross-check.ts.
 */
import { z } from 'zod';
import { ID_PATTERN } from './topics.ts';

export const id = z.string().regex(ID_PATTERN, 'lower case letters, digits and hyphens, up to 64');
const SWAPPED = 'a latitude is within 90 degrees: are lat and lng swapped?';
export const lat = z.number().min(-90, SWAPPED).max(90, SWAPPED);
export const lng = z.number().min(-180).max(180);
export const bilingual = z.strictObject({ id: z.string().min(1), en: z.string().min(1) });
export type Bilingual = z.infer<typeof bilingual>;

/** What every entry with a position has. */
export const place = { id, name: z.string().min(1), lat, lng };

/**
 * The canonical rank of a level: the agencies' numbers mean opposite things (Jakarta's Siaga 1 is the
 * highest, Bengawan Solo's the lowest), so inside there is one scale, the one of CAP 1.2.
 */
export const SEVERITIES = ['minor', 'moderate', 'severe', 'extreme'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The site of any device of a city. Which kind it is decides what else it holds; ask `isRiverGauge` and its likes. */
export interface DeviceSite {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
}

/** `isOfKind<RiverGauge>('river-gauge')` tells whether an entry is of that kind, and gives it its type. */
export function isOfKind<S extends DeviceSite>(kind: S['kind']) {
  return (entry: { readonly kind: string } | undefined): entry is S => entry?.kind === kind;
}
