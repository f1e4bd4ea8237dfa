/**
 * Free Wi-Fi by place: many access points serve one square, and a visitor asks for the square.
 *
 * Invariant: an access point works when it was heard of late; one that is silent is neither free nor busy.
 */

import { type AccessPoint, isAccessPoint } from '../devices/kinds/wifi-access-point.ts';
import type { DeviceNow, Fleet } from '../fleet/fleet.ts';
import type { RegisteredDevice } from '../fleet/registry.ts';

export interface WifiPlace {
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
  readonly points: number;
  readonly working: number;
  /** Of those that work, and how many these serve well. */
  readonly clients: number;
  readonly capacity: number;
}

export type Load = 'free' | 'busy' | 'full' | 'down';

/** Shares of what its access points serve well. */
const BUSY_FROM = 0.5;
const FULL_FROM = 0.9;

/** Those that work first, then by name. */
export function findWifiPlaces(
  devices: readonly RegisteredDevice[],
  fleet: Fleet,
  nowMs: number,
): WifiPlace[] {
  const points = devices.flatMap(({ id, site }) => {
    if (!isAccessPoint(site)) return [];
    const present = fleet.now(id) as DeviceNow;
    return [{ site, present, works: fleet.liveness(present, nowMs) === 'online' }];
  });
  return [...Map.groupBy(points, ({ site }) => site.place)]
    .map(([name, ofPlace]) => {
      const working = ofPlace.filter(({ works }) => works);
      const first = (working[0] ?? ofPlace[0])?.site as AccessPoint;
      return {
        ...{ name, lat: first.lat, lng: first.lng, points: ofPlace.length, working: working.length },
        clients: sum(working.map(({ present }) => Number(present.last?.values['clients'] ?? 0))),
        capacity: sum(working.map(({ site }) => site.capacityClients)),
      };
    })
    .sort((a, b) => Number(b.working > 0) - Number(a.working > 0) || (a.name < b.name ? -1 : 1));
}

export function loadOf({ working, clients, capacity }: WifiPlace): Load {
  if (working === 0) return 'down';
  const share = capacity > 0 ? clients / capacity : 0;
  return share >= FULL_FROM ? 'full' : share >= BUSY_FROM ? 'busy' : 'free';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
