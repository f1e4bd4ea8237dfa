/**
 * What dispatch must know of an ambulance or a hospital that is added at run time: as the city's folder would say
 * it, from words and from what is ordinary.
 *
 * Part of device-list.ts. Invariant: a site is whole or absent; a word that is wrong makes none.
 */
import type { City } from '../../cities/city.ts';
import { isAmbulance } from '../../devices/kinds/ambulance.ts';
import { isHospital } from '../../devices/kinds/hospital.ts';

export interface SiteWords {
  readonly vehicle: string;
  readonly base: string;
  readonly callSign: string;
  readonly class: string;
  /** Beds in all: emergency, intensive, ward. */
  readonly beds: string;
}

interface Placed {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat: number | null;
  readonly lng: number | null;
}

/** Why a device of a kind has no site, for the sentence that refuses it. */
export const MISSING_SITE: Readonly<Record<string, string>> = {
  ambulance: 'say --vehicle motorcycle or transport and a --base of the city',
  hospital: 'say where it is with --lat and --lng, its --class and its --beds (emergency,intensive,ward)',
};
const VEHICLES: readonly string[] = ['motorcycle', 'transport'];
const CLASSES: readonly string[] = ['A', 'B', 'C', 'D'];
const BEDS = /^(\d{1,5}),(\d{1,5}),(\d{1,5})$/;

/** The device with the site that its kind needs, where the words give one. */
export function withSite<Device extends Placed>(
  device: Device,
  words: Partial<SiteWords>,
  city: City,
): Device & { readonly site: string | null } {
  if (isAmbulance(device)) return { ...device, ...ambulanceSite(device, words, city) };
  if (isHospital(device)) return { ...device, ...hospitalSite(device, words) };
  return { ...device, site: null };
}

/** A motorcycle at the city's first base, where nothing else is said. */
function ambulanceSite(device: Placed, words: Partial<SiteWords>, { bases }: City) {
  const { vehicle = 'motorcycle' } = words;
  const base = words.base === undefined ? bases[0] : bases.find(({ id }) => id === words.base);
  if (!base || !VEHICLES.includes(vehicle)) return { site: null };
  const { id, kind, name, lat, lng } = device;
  const at = lat === null || lng === null ? { lat: base.lat, lng: base.lng } : { lat, lng };
  const callSign = words.callSign ?? id.toUpperCase();
  return { ...at, site: JSON.stringify({ id, kind, name, ...at, vehicle, base: base.id, callSign }) };
}

function hospitalSite({ id, kind, name, lat, lng }: Placed, words: Partial<SiteWords>) {
  const beds = BEDS.exec(words.beds ?? '');
  const rank = words.class ?? 'D';
  if (!beds || !CLASSES.includes(rank) || lat === null || lng === null) return { site: null };
  const [emergency, intensive, ward] = [Number(beds[1]), Number(beds[2]), Number(beds[3])];
  const site = { id, kind, name, lat, lng, class: rank, beds: { emergency, intensive, ward } };
  return { site: JSON.stringify(site) };
}
