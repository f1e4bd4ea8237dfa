/**
 * Down topics: who may listen on which topic of another format, so that a device hears what is said to it in its own.
 *
 * Asked by the broker at SUBSCRIBE for what is below no topic of ours. Invariant: a device listens under its own names
 * alone, a gateway in its own format alone.
 */
import { type Format, normaliseAlias } from '../devices/formats/format.ts';
import type { Registry } from './registry.ts';

export interface Listener {
  readonly role: string;
  readonly id?: string;
}

export function createMayListen(
  registry: Registry,
  formats: ReadonlyMap<string, Format>,
): (listener: Listener, filter: string) => boolean {
  const filtersOf = (format: string | undefined) =>
    format === undefined ? [] : (formats.get(format)?.down?.filters ?? []);
  return ({ role, id }, filter) => {
    if (role === 'gateway') {
      const gateway = registry.gateways().find((each) => each.id === id);
      return filtersOf(gateway?.format).some((own) => namesIn(own, filter) !== undefined);
    }
    const device = role === 'device' && id !== undefined ? registry.find(id) : undefined;
    if (!device) return false;
    const names = new Set([device.id, ...(device.aliases ?? [])]);
    return filtersOf(device.format).some((own) =>
      namesIn(own, filter)?.some((name) => names.has(normaliseAlias(name))),
    );
  };
}

/** What stands at the places of `+` in `own`, where `filter` asks for nothing that `own` does not cover. */
function namesIn(own: string, filter: string): string[] | undefined {
  const asked = filter.split('/');
  const names: string[] = [];
  for (const [depth, level] of own.split('/').entries()) {
    if (level === '#') return names;
    const said = asked[depth];
    if (said === undefined || said === '#') return undefined;
    if (level === '+') names.push(said);
    else if (level !== said) return undefined;
  }
  return asked.length === own.split('/').length ? names : undefined;
}
