/**
 * DeviceKind: everything Siaga needs to know of a kind of device, in one file a kind.
 *
 * History fields, the API's vocabulary, the simulator's default, liveness and docs/devices.md are derived
 * from it; a new kind is one file in kinds/ and one line in kinds/index.ts. Invariant: a quantity's name
 * carries its unit (`levelM`), and numbers are always stored as floats.
 */
import type { z } from 'zod';
import type { Demands, GaugeQuantity, Quantity } from './quantity.ts';
import { createQuickParse, type QuickParse } from './quick-parse.ts';
import type { Values } from './reading.ts';
import type { Bilingual } from './site.ts';

/** The alert of a device that is not heard. */
export interface SilenceWords {
  /** The rule's name, which alerts keep for ever: `gauge-blind`. */
  readonly rule: string;
  /** From 1, as severities rank. */
  readonly rank: 1 | 2 | 3 | 4;
  readonly label: Bilingual;
  /** Its rank while another alert of the same device is open: a gauge that goes blind in a flood. */
  readonly rankInAlert?: 1 | 2 | 3 | 4;
  /** True where only a reading that can be judged counts as a word: what sends nonsense sees nothing. */
  readonly needsUsable?: boolean;
  /** True where it may gather measurements and send them at once: it is silent by that rhythm, and not by the other. */
  readonly sendsInBatches?: boolean;
  /** A word of the device that excuses its silence: a crew off duty. */
  readonly excuse?: { readonly quantity: string; readonly word: string };
}

/**
 * How a simulated quantity moves: within a range, up from 0, up with each step of a counter named before it (what each
 * payment is worth), or from one word to the next.
 */
export type SimulatedQuantity =
  | { readonly from: number; readonly to: number }
  | { readonly perMinute: number }
  | { readonly each: string; readonly from: number; readonly to: number }
  | { readonly words: readonly string[] };

export interface DeviceKindDefinition extends Demands {
  /** The word in the topic: `river-gauge`. */
  readonly name: string;
  readonly label: { readonly en: string; readonly id: string };
  readonly description: string;
  /** Its entry in the city's list of devices; absent where a city lists it elsewhere, or nowhere. */
  readonly site?: z.ZodObject;
  /** How often a device of this kind reports, seconds. */
  readonly reportIntervalS: number;
  /** Without a word for this long it is silent, seconds: at least two missed reports. */
  readonly silentAfterS: number;
  /** Who may see its readings and its alerts; positions of units are for staff. */
  readonly audience: 'public' | 'staff';
  /** Fields of the site that history and InfluxDB carry as tags: of few values each. */
  readonly tags?: readonly string[];
  /** The field of the site that names what fails, floods or moves together: its river, its uplink, its base. */
  readonly groupedBy?: string;
  /** Fields of the site that name an entry of another list of the city, by that list. */
  readonly references?: Readonly<Record<string, 'rivers' | 'uplinks' | 'bases'>>;
  /** What it is when nothing comes; absent where that is no fault. */
  readonly silence?: SilenceWords;
  /** Its alerts are one page to a person by these words: of the whole city, or of a group; else of each device. */
  readonly digest?: { readonly name: string; readonly per: 'city' | 'group' };
  /** What a simulated device sends, by quantity; a kind with a behaviour of its own in firmware-sim has none. */
  readonly simulated?: Readonly<Record<string, SimulatedQuantity>>;
  /** What a device of the kind can be told to go by, besides how often it reports. */
  readonly settings?: Readonly<Record<string, GaugeQuantity>>;
  /** One sentence of what is wrong with settings that are sound each by itself. */
  readonly findSettingsFault?: (settings: Readonly<Record<string, number>>) => string | undefined;
  /** The panel of the pages that is made for it; absent: the one for all other kinds. */
  readonly panel?: 'rivers' | 'wifi' | 'units';
  /** The quantities that pages and dashboards show, the most telling first; all of them where absent. */
  readonly shows?: readonly string[];
  /** The server plays it itself, where it is asked to: none stands in a city, and no dashboard of a city shows it. */
  readonly isOwn?: boolean;
  /** An example payload, shown in the documents and accepted by a test. */
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Completes the values from what the registry knows of the site, or says in one sentence what is missing
   * there. Called with quantities that are sound.
   */
  readonly complete?: (values: Values, site: SiteFields) => Values | string;
  /**
   * What Grafana needs to know of a site beside its readings: written with its liveness, once a minute, from its last
   * sound values. Names carry their unit, as those of quantities.
   */
  readonly sample?: (site: SiteFields, last: Values) => Readonly<Record<string, number | string | undefined>>;
  /** One sentence of what is probably wrong with values that this site cannot have; for who connects the device. */
  readonly hint?: (values: Values, site: SiteFields) => string | undefined;
  /** Bits of QualityFlag that the values earn at this site. */
  readonly assess?: (values: Values, site: SiteFields) => number;
}

/** What the city's folder says of one device, as fields; a kind reads what it knows of. Empty for added devices. */
export type SiteFields = Readonly<Record<string, unknown>>;

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
    description: 'Never sent: what the device gave as its time where that was not believed, epoch ms.',
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
