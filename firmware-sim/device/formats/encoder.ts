/**
 * Encoder: how a simulated device says what it measured in the format of one maker, as that maker's device does.
 *
 * The other way round of `devices/formats/`: one file a format. Invariant: what the format has no word for (a time, a
 * count, a quantity, that it is simulated) is left out, as the real device leaves it out.
 */
import { hash } from 'node:crypto';
import type { DeviceSite } from '../../../devices/site.ts';
import type { Presence } from '../../../devices/topics.ts';

export type Measured = Readonly<Record<string, number | string>>;

/** Whose word it is. */
export interface Speaker {
  readonly city: string;
  readonly kind: string;
  readonly id: string;
}

export interface Report {
  readonly measured: Measured;
  /** The device's own clock, epoch ms. */
  readonly measuredAtMs: number;
  /** Its own count, from 1. */
  readonly seq: number;
}

export interface Words {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** Of a birth or a will: whether it stays on its topic; it does unless this says no. */
  readonly isRetained?: boolean;
}

/** How one device speaks. */
export interface Voice {
  encode(speaker: Speaker, report: Report): Words;
  /** Its birth and its will, where the format has them; the will is `offline`. */
  formatPresence?(speaker: Speaker, presence: Presence, firmware: string): Words | undefined;
  /** A connection is about to be made: what is said on it begins anew. */
  begin?(nowMs: number): void;
}

/** What is known of a format before anybody speaks it. */
export interface EncoderFacts {
  /** The format. */
  readonly name: string;
  /** Kinds of devices that are seen to speak it; absent: every kind. */
  readonly kinds?: ReadonlySet<string>;
  /** What it has a word for; absent: everything. */
  readonly quantities?: ReadonlySet<string>;
  /** Who sends for its devices, `gateway:<name>`; absent: each has a connection of its own. */
  readonly gateway?: string;
  /** Whether it says when it was measured: what says nothing is of now, and is not kept for later. */
  readonly hasTime: boolean;
  /** Whether what nobody hears is gone, though it has its time: what it says hangs together with its connection. */
  readonly keepsNothing?: boolean;
  /** Whether several readings may leave as one array. */
  readonly isBatched?: boolean;
  /** Whether its device reports as soon as its network is back, which it knows: a LoRaWAN node does not. */
  readonly reportsOnReturn?: boolean;
  /** Whether a device can speak it that measures what this one does. */
  fits?(site: DeviceSite): boolean;
  /** Names that the device goes by in it, where its id is none. */
  aliasesOf?(id: string): readonly string[];
  /** What the operator says of the columns of its lines. */
  columnsOf?(site: DeviceSite): string;
}

export type Encoder = EncoderFacts & Voice;

/** In most formats every word stands for itself; in some a device has a memory, and so a voice of its own. */
export type RegisteredEncoder = Encoder | (EncoderFacts & { openVoice(): Voice });

/** The encoder of one device. */
export function encoderOf(registered: RegisteredEncoder): Encoder {
  return 'openVoice' in registered ? { ...registered, ...registered.openVoice() } : registered;
}

/** A hardware address of so many bytes that is always the same for a device, in hexadecimal digits. */
export function hardwareAddressOf(id: string, bytes: number): string {
  // The second bit of the first byte: given by us, and no maker's.
  return `02${hash('sha256', `simulated ${id}`).slice(0, 2 * bytes - 2)}`;
}

/** `02:ab:cd:…`, as people and controllers write it. */
export function withColons(address: string): string {
  return (address.match(/../g) ?? []).join(':');
}
