/**
 * orderConfig: what somebody wants a device to go by → a line in the book of configs, or why not.
 *
 * Called by the API and by `npm run devices -- config`. Invariant: what the device's kind does not know, or its format
 * cannot say, is refused before anything is written.
 */
import type { Database } from '../database/database.ts';
import { type DeviceConfig, parseConfig } from '../devices/device-config.ts';
import type { Format } from '../devices/formats/format.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { writeConfig } from './config-book.ts';
import type { RegisteredDevice } from './registry.ts';

export interface ConfigOrder {
  readonly device: Pick<RegisteredDevice, 'id' | 'kind' | 'format' | 'aliases'>;
  readonly input: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly atMs: number;
}

export type OrderedConfig =
  | { readonly revision: number }
  /** Sentences. */
  | { readonly problems: readonly string[] }
  /** A sentence. */
  | { readonly noWay: string };

export interface OrderConfigDependencies {
  readonly database: Database;
  readonly formats: ReadonlyMap<string, Format>;
}

export async function orderConfig(
  { database, formats }: OrderConfigDependencies,
  { device, input, actor, atMs }: ConfigOrder,
): Promise<OrderedConfig> {
  const kind = deviceKinds.get(device.kind);
  if (!kind) return { problems: [`${device.id} is a ${device.kind}, which is no kind.`] };
  const config = parseConfig(kind, input);
  if (Array.isArray(config)) return { problems: config.map((each) => `${each}.`) };
  const noWay = findNoWay(device, config as DeviceConfig, formats);
  if (noWay !== undefined) return { noWay };
  return {
    revision: await writeConfig(database, { device: device.id, config: config as DeviceConfig, actor, atMs }),
  };
}

/** Why the format of the device cannot say it. */
function findNoWay(
  { id, format, aliases = [] }: ConfigOrder['device'],
  config: DeviceConfig,
  formats: ReadonlyMap<string, Format>,
): string | undefined {
  if (format === undefined || format === 'siaga') return undefined;
  const down = formats.get(format)?.down;
  if (!down) return `${id} speaks ${format}, in which nothing can be said to a device; set it there.`;
  const said = down.formatConfig({ config, revision: 1, names: [id, ...aliases] });
  return typeof said === 'string' ? `${said}.` : undefined;
}
