/**
 * What became of readings, in a sentence for who connects their device: the inbox shows it.
 *
 * Asked by the pipeline and by the foreign intake. Invariant: a level that its site cannot have is told with the likely
 * mistake, also while nobody watches.
 */

import type { SiteFields } from '../devices/device-kind.ts';
import { formatQuality, QualityFlag, type Reading } from '../devices/reading.ts';
import type { Target } from './validate.ts';

/** The last of them: values, time, flags, and what is probably wrong. */
export function describeLast(readings: readonly Reading[], target: Target): string {
  const last = readings.at(-1);
  if (!last) return '';
  const values = Object.entries(last.values).map(([name, each]) => `${name} ${each}`);
  const flags = formatQuality(last.quality);
  const at = new Date(last.measuredAt).toISOString();
  const said = `${values.join(', ')} at ${at}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
  const hint = hintOf([last], target);
  return hint === '' ? said : `${said}; ${hint}`;
}

/** Why one of them is outside what its site can have; empty where all are inside. */
export function hintOf(readings: readonly Reading[], { kind, device }: Target): string {
  for (const { quality, values } of readings) {
    if (!(quality & QualityFlag.outsideSensorRange)) continue;
    const hint = kind.hint?.(values, (device.site as SiteFields | undefined) ?? {});
    if (hint !== undefined) return hint;
  }
  return '';
}
