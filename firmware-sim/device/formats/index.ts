/** The register of encoders: a new one is its file and one line here. A test compares it with the folder. */
import { chirpstack } from './chirpstack.ts';
import type { RegisteredEncoder } from './encoder.ts';
import { lineProtocol } from './line-protocol.ts';
import { openwisp } from './openwisp.ts';
import { owntracks } from './owntracks.ts';
import { senml } from './senml.ts';
import { siaga } from './siaga.ts';
import { sparkplugB } from './sparkplug-b.ts';
import { tasmota } from './tasmota.ts';
import { theThingsStack } from './the-things-stack.ts';
import { unifi } from './unifi.ts';
import { value } from './value.ts';

const gauges = [chirpstack, theThingsStack, senml, value, lineProtocol, tasmota, sparkplugB];

export const encoders: ReadonlyMap<string, RegisteredEncoder> = new Map(
  [siaga, ...gauges, openwisp, unifi, owntracks].map((each) => [each.name, each]),
);
