/**
 * The tags of a device in InfluxDB, beside city and device: what its kind says of its site.
 *
 * Asked for each line. Invariant: a site is looked through once, for as long as it is that site.
 */
import type { SiteFields } from '../../devices/device-kind.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { DeviceSite } from '../../devices/site.ts';
import type { Registry } from '../../fleet/registry.ts';
import type { Tags } from '../../history/line-protocol.ts';
import { NO_TAGS } from './reading-lines.ts';

/** The tags of a device's site, of low cardinality, and one a device: they add no series. */
export function createSiteTags(registry: Pick<Registry, 'find'> | undefined): (device: string) => Tags {
  const known = new WeakMap<object, Tags>();
  return (device) => {
    const site = registry?.find(device)?.site;
    if (!site) return NO_TAGS;
    const tags = known.get(site) ?? tagsOf(site);
    known.set(site, tags);
    return tags;
  };
}

function tagsOf(site: DeviceSite): Tags {
  const fields = site as unknown as SiteFields;
  const tags: Record<string, string> = {};
  for (const field of deviceKinds.get(site.kind)?.tags ?? []) {
    const value = fields[field];
    if (typeof value === 'string') tags[field] = value;
  }
  return tags;
}
