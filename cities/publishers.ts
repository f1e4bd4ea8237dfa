/**
 * Publishers: all of a city that may have a connection of its own: its devices, and its hospitals, which
 * report their beds under their own id as the kind `hospital`.
 *
 * Asked by the registry, by the credentials and by the simulator. Invariant: an id is one publisher's
 * (cross-check.ts), and a hospital without a connection is merely one that was never heard.
 */
import type { HospitalSite } from '../devices/kinds/hospital.ts';
import type { DeviceSite } from '../devices/site.ts';
import type { City } from './entries.ts';

export function publishersOf({ devices, hospitals }: Pick<City, 'devices' | 'hospitals'>): DeviceSite[] {
  return [...devices, ...hospitals.map((each): HospitalSite => ({ ...each, kind: 'hospital' }))];
}
