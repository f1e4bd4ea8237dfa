/**
 * What the server must know of a simulated city, in the words of `npm run devices`: which format each device speaks,
 * under which names, through whom, and that whatever it says is simulated.
 *
 * Invariant: each device is in the file with its format, also where that is our own: what it spoke before is undone.
 */
import type { City } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import type { FormatsPlan } from '../formats-plan.ts';

/** The CSV file for `import`. */
export function formatDeviceFile(city: City, plan: FormatsPlan): string {
  const lines = publishersOf(city).map((site) => {
    const { name, gateway = '', aliasesOf, columnsOf } = plan.encoderOf(site.id);
    const aliases = aliasesOf?.(site.id) ?? [];
    return `${site.id},${site.kind},${name},${aliases.join(' ')},${gateway},"${columnsOf?.(site) ?? ''}",true`;
  });
  return ['id,kind,format,alias,gateway,columns,simulated', ...lines, ''].join('\n');
}

/** Gateways by their format, each of which needs a credential. */
export function gatewaysOf(city: City, plan: FormatsPlan): ReadonlyMap<string, string> {
  const gateways = new Map<string, string>();
  for (const { id } of publishersOf(city)) {
    const { name, gateway } = plan.encoderOf(id);
    if (gateway !== undefined) gateways.set(gateway, name);
  }
  return gateways;
}
