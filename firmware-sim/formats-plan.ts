/**
 * Which device of a simulated city speaks which format.
 *
 * Asked by the devices and by the demo, which registers them. Invariants: the plan depends on the city and the formats
 * alone, so that what is registered is what is spoken; a device whose kind none of the formats is seen with speaks our
 * own; of each kind a foreign format has two devices before our own has one, where the kind has as many.
 */
import type { City } from '../cities/city.ts';
import { publishersOf } from '../cities/publishers.ts';
import type { DeviceSite } from '../devices/site.ts';
import type { RegisteredEncoder } from './device/formats/encoder.ts';
import { encoders } from './device/formats/index.ts';
import { siaga } from './device/formats/siaga.ts';

export interface FormatsPlan {
  encoderOf(id: string): RegisteredEncoder;
  /** Ids of those that speak another format than our own. */
  readonly foreign: ReadonlySet<string>;
}

/** Of our own format, which says everything: it stands for two, and comes behind the first two of each other. */
const OWN_SHARE = 2;

/** Parses `mixed`, or names with commas; a sentence when one is unknown. */
export function parseFormats(text: string): ReadonlySet<string> | string {
  if (text === 'mixed') return new Set(encoders.keys());
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !encoders.has(word));
  if (unknown.length === 0) return new Set(words);
  return `no such format: ${unknown.join(', ')}; there are mixed, ${[...encoders.keys()].join(', ')}`;
}

export function planFormats(city: City, wanted: ReadonlySet<string>): FormatsPlan {
  const chosen = new Map<string, RegisteredEncoder>();
  for (const sites of Map.groupBy(publishersOf(city), ({ kind }) => kind).values()) {
    const speakers = new Map<RegisteredEncoder, number>();
    for (const site of sites) {
      const fitting = [...encoders.values()].filter(
        (encoder) => encoder !== siaga && wanted.has(encoder.name) && canSpeak(site, encoder),
      );
      const all = wanted.has(siaga.name) || fitting.length === 0 ? [...fitting, siaga] : fitting;
      const [rarest = siaga] = all.toSorted((a, b) => shareOf(a, speakers) - shareOf(b, speakers));
      speakers.set(rarest, (speakers.get(rarest) ?? 0) + 1);
      chosen.set(site.id, rarest);
    }
  }
  return {
    encoderOf: (id) => chosen.get(id) ?? siaga,
    foreign: new Set([...chosen].filter(([, encoder]) => encoder !== siaga).map(([id]) => id)),
  };
}

function canSpeak(site: DeviceSite, { kinds, fits }: RegisteredEncoder): boolean {
  return (kinds?.has(site.kind) ?? true) && (fits?.(site) ?? true);
}

function shareOf(encoder: RegisteredEncoder, speakers: ReadonlyMap<RegisteredEncoder, number>): number {
  const count = speakers.get(encoder) ?? 0;
  return encoder === siaga ? (count + OWN_SHARE) / OWN_SHARE : count;
}
