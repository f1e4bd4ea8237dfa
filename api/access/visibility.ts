/**
 * What the public may see: rivers, Wi-Fi and alerts; never where a unit or an incident is.
 *
 * Asked by devices, readings and the stream. Invariant: what is not known to be public is for staff, so a new
 * kind of device or event is closed until its file says otherwise.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { LiveEvent, LiveEventType } from '../../fleet/live-feed.ts';
import { isStaff, type User } from './access.ts';

/** What crews and dispatchers have written, in events about incidents: for those who answer the calls. */
const FREE_TEXT = ['reason', 'outcome', 'note'];

/** The event's data for those who may not see what people have written. */
export function withoutFreeText({ type, body, json }: Pick<LiveEvent, 'type' | 'body' | 'json'>): string {
  if (type !== 'incident') return json;
  const shown = Object.entries(body ?? {}).filter(([name]) => !FREE_TEXT.includes(name));
  return JSON.stringify(Object.fromEntries(shown));
}

/** Events of these types are public where what they tell of is. */
export const PUBLIC_EVENT_TYPES: ReadonlySet<LiveEventType> = new Set([
  'reading',
  'presence',
  'alert',
  'city',
]);

export function maySeeKind(user: User, kind: string): boolean {
  return isStaff(user) || deviceKinds.get(kind)?.audience === 'public';
}

/**
 * Whether everybody may see it. A body that names its device's `kind` follows that kind; a body with
 * `audience: 'staff'` (an alert about a unit or an incident) is for staff.
 */
export function isPublicEvent({ type, body }: Pick<LiveEvent, 'type' | 'body'>): boolean {
  if (!PUBLIC_EVENT_TYPES.has(type)) return false;
  // That it was changed, and no more.
  if (type === 'city') return true;
  const { kind, audience } = (body ?? {}) as { kind?: unknown; audience?: unknown };
  if (audience === 'staff') return false;
  if (type === 'alert' && kind === undefined) return true;
  return deviceKinds.get(String(kind))?.audience === 'public';
}
