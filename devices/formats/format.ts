/**
 * Format: how the messages of one maker, or of one outside system, become messages of our own.
 *
 * Stands at the front of ingest: topic and bytes in, claims out: what some device says, in our quantities and SI
 * units. Whose device that is, and whether the sender may speak for it, is judged behind it by the registry.
 * Invariants: `decode` never throws and takes time in proportion to the bytes; what it does not understand is a
 * Rejection that says what was found; a claim's items are as unchecked as what a device of ours sends.
 */
import type { ConfigEcho, DeviceConfig } from '../device-config.ts';
import type { JsonObject } from '../parse-json.ts';
import { isRejection, type Rejection, reject } from '../rejection.ts';
import type { Presence } from '../topics.ts';

export interface FormatMessage {
  /** Of a message that came by HTTP: `http/<format>`, and behind a `?` what the request said of it. */
  readonly topic: string;
  /** To be read before `decode` returns or resolves. */
  readonly payload: Buffer;
  /** Epoch ms. */
  readonly receivedAt: number;
  /** Who sends, where that is proven: a device or a gateway. */
  readonly sender?: string | undefined;
  /** What the operator said of the device or gateway that sends: columns, a mapping. */
  readonly options?: FormatOptions;
  /** The same of the device that goes by one of these names, whoever sends for it. */
  readonly optionsOf?: (aliases: readonly string[]) => FormatOptions | undefined;
}

export type FormatOptions = Readonly<Record<string, string>>;

/** What one message says of one device. */
export interface Claim {
  /** The names that the device goes by in this format, the surest first; none: it is the sender itself. */
  readonly aliases: readonly string[];
  /** Telemetry as our own devices send it: quantities, `measuredAt`, `seq`, `simulated`. */
  readonly items: readonly JsonObject[];
  readonly presence?: Presence;
  /** A part that was not understood. */
  readonly rejection?: Rejection;
  /** Keys that say nothing to us, for the sentence in the inbox: one of them may be what is missing. */
  readonly unread?: JsonObject;
  /** What it says of the config that it goes by. */
  readonly config?: ConfigEcho;
  /** What it was, where there is nothing to keep: "a join, no measurement". */
  readonly note?: string;
  /** It is no word of any device: nobody is looked for, and it is left alone. */
  readonly isOfNobody?: true;
}

/** What the message says of each device; or why it says nothing. */
export type Decoded = readonly Claim[] | Rejection;

/** What a device shall be told, and by which names. */
export interface DownOrder {
  readonly config: DeviceConfig;
  readonly revision: number;
  /** Its id and its aliases. */
  readonly names: readonly string[];
  /** The topic on which it was heard last; absent before its first word since our start. */
  readonly lastTopic?: string;
}

export interface DownMessage {
  readonly topic: string;
  readonly payload: string;
}

/** How a device is told something in a format. */
export interface DownWay {
  /** Topics that its devices, or their gateway, listen on. */
  readonly filters: readonly string[];
  /**
   * Whether it stays until the device has it, for a device that is away; else it goes again with a word of the device.
   */
  readonly isRetained: boolean;
  /** Nothing, where it must be heard first; a sentence, where the format has no word for one of the settings. */
  formatConfig(order: DownOrder): readonly DownMessage[] | string;
}

export interface Format {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly description: string;
  /** Topics that are this format's own, with `+` and `#` as in MQTT; none where any topic will do. */
  readonly topics: readonly string[];
  /** How a device is found in it, as a sentence for people. */
  readonly identity: string;
  /** Whether the format says that a device is there or gone: what a will may be left on. */
  readonly hasStatus: boolean;
  /** Where it says so, in a format without topics of its own. */
  isStatusTopic?(topic: string): boolean;
  /** The names of the device in a topic, the surest first; of a topic that is not its own, none. */
  namesIn(topic: string): readonly string[];
  decode(message: FormatMessage): Decoded | Promise<Decoded>;
  /** Absent where nothing can be said in it. */
  readonly down?: DownWay;
}

export function isClaims(decoded: Decoded): decoded is readonly Claim[] {
  return !isRejection(decoded);
}

/** The one claim of a message that no device sent of itself: what another program says, or how things are set up. */
export function ofNobody(what: string): readonly Claim[] {
  return [{ aliases: [], items: [], note: `${what.slice(0, 120)}, no measurement`, isOfNobody: true }];
}

/** Refused parts of one message that are named; of the rest only the number is told. */
const MAX_PARTS_NAMED = 20;

/** Faults in one sentence: so many by name, and the number of the others. */
export function joinFaults(faults: readonly string[]): string {
  const named = [...new Set(faults)];
  const more = named.length - MAX_PARTS_NAMED;
  return [...named.slice(0, MAX_PARTS_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** The first `most` of a list, and where it has more, why the rest of it is left out. */
export function takeMost<Part>(
  list: readonly Part[],
  most: number,
  what: string,
): { readonly taken: readonly Part[]; readonly leftOut?: Rejection } {
  const count = list.length - most;
  if (count <= 0) return { taken: list };
  const detail = `${list.length} ${what} in one message; at most ${most} are read, ${count} are left out`;
  return { taken: list.slice(0, most), leftOut: reject('too-many-readings', detail) };
}

/**
 * The claims of a message of several parts, some of which were not understood: they are told beside the claims, of
 * the device or sender that `aliases` name, and hide no sound part. Nothing but refused parts is the first of them.
 */
export function besideRefused(
  claims: readonly Claim[],
  refused: readonly Rejection[],
  aliases: readonly string[],
): Decoded {
  const [first] = refused;
  if (!first) return claims;
  if (claims.length === 0) return first;
  const rejection = reject(first.reason, joinFaults(refused.map(({ detail }) => detail)));
  return [...claims, { aliases, items: [], rejection }];
}

/** Whether a topic matches an MQTT filter. [MQTT-4.7.1] */
export function matchesTopic(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

/** Levels that may stand before a topic of a format: a leading slash, the name of a site, what a bridge adds. */
const MAX_LEVELS_BEFORE = 4;

/** The topic as the format knows it, without what stands before it; undefined where it is none of its topics. */
export function ownTopic({ topics }: Pick<Format, 'topics'>, topic: string): string | undefined {
  let own = topic;
  for (let before = 0; before <= MAX_LEVELS_BEFORE; before++) {
    if (topics.some((filter) => matchesTopic(filter, own))) return own;
    const at = own.indexOf('/');
    if (at < 0) return undefined;
    own = own.slice(at + 1);
  }
  return undefined;
}

/** Longest name of a device in any format. */
export const MAX_ALIAS_CHARACTERS = 128;
const HARDWARE_ADDRESS = /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5,7}$/;

/** An alias as it is compared: lower case, and a hardware address (EUI, MAC) without its separators. */
export function normaliseAlias(alias: string): string {
  const lower = alias.trim().toLowerCase().slice(0, MAX_ALIAS_CHARACTERS);
  return HARDWARE_ADDRESS.test(lower) ? lower.replace(/[:-]/g, '') : lower;
}

/** The texts among `names` that can be an alias, without repeats. */
export function aliasesOf(...names: readonly unknown[]): string[] {
  const texts = names.filter((name) => typeof name === 'string' || Number.isSafeInteger(name)).map(String);
  return [...new Set(texts.map(normaliseAlias))].filter((text) => text !== '');
}
