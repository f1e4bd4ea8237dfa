/**
 * DeviceKind: everything Siaga needs to know of a kind of device, in one file a kind.
 *
 * History fields, the API's vocabulary, the simulator's default, liveness and docs/devices.md are derived
 * from it; a new kind is one file in kinds/ and one line in kinds/index.ts. Invariant: a quantity's name
 * carries its unit (`levelM`), and numbers are always stored as floats.
 */
import type { Demands, Quantity } from './quantity.ts';
import { createQuickParse, type QuickParse } from './quick-parse.ts';
import type { Values } from './reading.ts';

export interface DeviceKindDefinition extends Demands {
  /** The word in the topic: `river-gauge`. */
  readonly name: string;
  readonly label: { readonly en: string; readonly id: string };
  readonly description: string;
  /** How often a device of this kind reports, seconds. */
  readonly reportIntervalS: number;
  /** Without a word for this long it is silent, seconds: at least two missed reports. */
  readonly silentAfterS: number;
  /** True where everybody may see its readings; positions of units are for staff. */
  readonly isPublic?: boolean;
  /** An example payload, shown in the documents and accepted by a test. */
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Completes the values from what the registry knows of the site, or says in one sentence what is missing
   * there. Called with quantities that are sound.
   */
  readonly complete?: (values: Values, site: Site) => Values | string;
  /** Bits of QualityFlag that the values earn at this site. */
  readonly assess?: (values: Values, site: Site) => number;
}

/** What the city's folder says of one device; a kind reads what it knows of. Empty for added devices. */
export type Site = Readonly<Record<string, unknown>>;

export interface DeviceKind extends DeviceKindDefinition {
  /** InfluxDB measurement: the name with underscores. */
  readonly measurement: string;
  /** What a device sends; `quantities` has besides what ingest notes. */
  readonly sentQuantities: Readonly<Record<string, Quantity>>;
  /** The values of a sound payload; undefined asks judge-quantities.ts what is wrong. */
  readonly quickParse: QuickParse;
  readonly quantityNames: ReadonlySet<string>;
  /** What a payload may hold: the quantities and the keys of the envelope. */
  readonly payloadKeys: ReadonlySet<string>;
}

/** Keys of a telemetry payload that are not quantities. */
const ENVELOPE_KEYS = ['measuredAt', 'seq', 'simulated'];

/** Noted by ingest in readings whose own time could not be believed, of whatever kind. */
const NOTED_QUANTITIES = {
  deviceClockMs: {
    type: 'gauge',
    unit: 'ms',
    min: -8.64e15,
    max: 8.64e15,
    description: 'Never sent: what the device gave as its time where that was impossible, epoch ms.',
  },
} as const satisfies Record<string, Quantity>;

export function defineDeviceKind(definition: DeviceKindDefinition): DeviceKind {
  const names = Object.keys(definition.quantities);
  return {
    ...definition,
    quantities: { ...definition.quantities, ...NOTED_QUANTITIES },
    sentQuantities: definition.quantities,
    measurement: definition.name.replaceAll('-', '_'),
    quickParse: createQuickParse(definition),
    quantityNames: new Set(names),
    payloadKeys: new Set([...names, ...ENVELOPE_KEYS]),
  };
}
