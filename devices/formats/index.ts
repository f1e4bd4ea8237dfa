/** The register of formats: a new one is its file and one line here. A test compares it with the folder. */
import { createChirpstack } from './chirpstack.ts';
import type { Format } from './format.ts';
import { lineProtocol } from './line-protocol.ts';
import type { MappedFormat } from './mapped.ts';
import { openwisp } from './openwisp.ts';
import { osmand } from './osmand.ts';
import { owntracks } from './owntracks.ts';
import { senml } from './senml.ts';
import { siaga } from './siaga.ts';
import { createSparkplugB } from './sparkplug-b.ts';
import { tasmota } from './tasmota.ts';
import { createTheThingsStack } from './the-things-stack.ts';
import { traccar } from './traccar.ts';
import { unifi } from './unifi.ts';
import { value } from './value.ts';

export type Formats = ReadonlyMap<string, Format>;

/**
 * Made once a server: Sparkplug B remembers births, and the thread of `mapped` decodes the bytes of LoRaWAN nodes too.
 */
export function createFormats(mapped?: MappedFormat, ...more: readonly Format[]): Formats {
  const loRaWan = [createChirpstack(mapped?.run), createTheThingsStack(mapped?.run)];
  const own = [siaga, owntracks, ...loRaWan, senml, tasmota, traccar, createSparkplugB()];
  const others = [osmand, openwisp, unifi, lineProtocol, value, ...(mapped ? [mapped] : []), ...more];
  return new Map([...own, ...others].map((format) => [format.name, format]));
}
