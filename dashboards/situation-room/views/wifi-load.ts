/**
 * How full an access point is, in a word: for its place in the list and for its mark on the map.
 */
import type { Device } from '../state/city-state.ts';
import type { Room } from './room.ts';

export type Load = 'free' | 'busy' | 'full' | 'down';

/** From this share of what it serves well an access point is busy, and from this on full. */
const BUSY_FROM = 0.6;
const FULL_FROM = 0.9;

/** The load of one access point. */
export function loadOf({ state, nowMs }: Pick<Room, 'state' | 'nowMs'>, device: Device): Load {
  if (state.liveness(device, nowMs) !== 'online') return 'down';
  const { clients } = device.values;
  const capacity = state.capacities.get(device.id)?.capacityClients;
  if (typeof clients !== 'number' || capacity === undefined) return 'free';
  return wordFor(clients / capacity);
}

/** Of the clients that are there to those that it serves well. */
export function wordFor(share: number): Load {
  if (share >= FULL_FROM) return 'full';
  return share >= BUSY_FROM ? 'busy' : 'free';
}
