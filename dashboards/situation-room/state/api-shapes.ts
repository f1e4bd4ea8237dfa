/**
 * What the page reads of the API's answers: the parts it uses, no more.
 *
 * The server checks each answer against its own schema (api/), so nothing is checked twice here. Invariant:
 * a name here is the name in the answer; a field that the page does not show is not listed.
 */
export interface Bilingual {
  readonly id: string;
  readonly en: string;
}

export type Severity = 'minor' | 'moderate' | 'severe' | 'extreme';

export interface Threshold {
  readonly severity: Severity;
  readonly label: Bilingual;
  readonly levelM: number;
  readonly comparator: '>=' | '>';
}

export interface Place {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
}

export interface Gauge extends Place {
  readonly river: string;
  readonly tidal: boolean;
  readonly normalLevelM: number;
  readonly thresholds: readonly Threshold[];
  readonly upstream: readonly { readonly gauge: string; readonly lagMin: number }[];
}

export type LngLat = readonly [lng: number, lat: number];

/** Where the devices of a kind are shown. */
export type Panel = 'rivers' | 'wifi' | 'units' | 'others';

export interface City {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly disclaimer: Bilingual;
  readonly bounds: {
    readonly south: number;
    readonly west: number;
    readonly north: number;
    readonly east: number;
  };
  readonly kinds: readonly {
    readonly name: string;
    readonly label: Bilingual;
    readonly silentAfterS: number;
    readonly isPublic: boolean;
    readonly panel: Panel;
    readonly shows: readonly { readonly name: string; readonly unit: string; readonly label: Bilingual }[];
  }[];
  readonly rivers: readonly {
    readonly id: string;
    readonly name: string;
    readonly line: readonly LngLat[];
  }[];
  readonly gauges: readonly Gauge[];
  readonly accessPoints: readonly {
    readonly id: string;
    readonly place: string;
    readonly capacityClients: number;
  }[];
  readonly roads: readonly { readonly class: string; readonly line: readonly LngLat[] }[];
  readonly hospitals: readonly (Place & { readonly class: string })[];
  readonly places: readonly Place[];
  readonly crossings: readonly (Place & { readonly streets: readonly string[] })[];
}

export interface Viewer {
  readonly name: string;
  readonly role: string;
}

export type Values = Readonly<Record<string, number | string>>;
export type Liveness = 'online' | 'sleeping' | 'offline' | 'silent' | 'unseen';

export interface DeviceJson {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lat?: number;
  readonly lng?: number;
  readonly presence?: 'online' | 'sleeping' | 'offline';
  readonly lastHeardAt?: string;
  readonly last?: {
    readonly measuredAt: string;
    readonly simulated: boolean;
    readonly values: Values;
  };
}

/** The stream's `reading`. */
export interface ReadingEvent {
  readonly kind: string;
  readonly device: string;
  readonly measuredAt: string;
  readonly receivedAt: string;
  readonly simulated: boolean;
  /** Whether it is the device's present, or belongs to history only. */
  readonly present: boolean;
  readonly values: Values;
}

/** The stream's `presence`. */
export interface PresenceEvent {
  readonly device: string;
  readonly presence: 'online' | 'sleeping' | 'offline';
  readonly at: string;
}

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly subjectName: string;
  readonly audience: 'public' | 'staff';
  readonly subjectKind: string;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly state: 'provisional' | 'open' | 'acknowledged' | 'resolved' | 'withdrawn';
  /** The severity rests on one reading after a jump. */
  readonly provisional: boolean;
  readonly severity: Severity;
  readonly label: Bilingual;
  readonly text: Bilingual;
  readonly exercise: boolean;
  readonly startedAt: string;
  readonly raisedAt: string;
  readonly changedAt: string;
  readonly endedAt: string | null;
  readonly blindSince: string | null;
  readonly acknowledged: boolean;
  readonly acknowledgedBy?: string | null;
  readonly foldedInto: string | null;
  readonly silenced: boolean;
  readonly revision: number;
}

export interface Incident {
  readonly id: number;
  readonly classification: string | null;
  readonly category: string | null;
  /** 1 is the most urgent. */
  readonly priority: number;
  readonly place: string | null;
  readonly kecamatan: string | null;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly receivedAt: string;
  /** Those under way for it. */
  readonly units: readonly { readonly unit: string; readonly step: string }[];
}

export interface ReadingsJson {
  readonly points: readonly { readonly at: string; readonly values: Values }[];
  readonly next?: string;
}
