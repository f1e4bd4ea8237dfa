/** The register of formats: a new one is its file and one line here. A test compares it with the folder. */
import { chirpstack } from './chirpstack.ts';
import type { Format } from './format.ts';
import { lineProtocol } from './line-protocol.ts';
import { openwisp } from './openwisp.ts';
import { owntracks } from './owntracks.ts';
import { senml } from './senml.ts';
import { siaga } from './siaga.ts';
import { createSparkplugB } from './sparkplug-b.ts';
import { tasmota } from './tasmota.ts';
import { theThingsStack } from './the-things-stack.ts';
import { traccar } from './traccar.ts';
import { unifi } from './unifi.ts';
import { value } from './value.ts';

export type Formats = ReadonlyMap<string, Format>;

/** Made once a server: Sparkplug B remembers births, a mapping has a thread. */
export function createFormats(...more: readonly Format[]): Formats {
  const own = [siaga, owntracks, chirpstack, theThingsStack, senml, tasmota, traccar, createSparkplugB()];
  return new Map(
    [...own, openwisp, unifi, lineProtocol, value, ...more].map((format) => [format.name, format]),
  );
}
