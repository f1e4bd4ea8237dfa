/**
 * What the desk reads of dispatch's answers: an incident with its assignments, candidates, hospitals.
 *
 * Beside api-shapes.ts and by its rule. Invariant: a name here is the name in the answer; a field that the
 * page does not show is not listed.
 */
import type { Incident } from './api-shapes.ts';

/** Something that a crew was told. */
export interface CrewWord {
  readonly id: number;
  readonly kind: 'order' | 'change' | 'cancel' | 'second-unit' | 'message';
  readonly endedAt: string | null;
  readonly acknowledgedAt: string | null;
  /** Where it stands, in one sentence. */
  readonly state: string;
}

export interface Assignment {
  readonly id: number;
  readonly unit: string;
  readonly role: 'first-aid' | 'transport';
  readonly step: string;
  readonly assignedBy: string;
  readonly forcedReason: string | null;
  readonly endReason: string | null;
  readonly hospital: string | null;
  readonly words: readonly CrewWord[];
  /** What the crew said and what was not taken. */
  readonly asked: { readonly word: string; readonly step: string | null; readonly why: string } | null;
  /** Each time of it, or null where there was none. */
  readonly timeline: Readonly<Record<string, string | null>>;
}

export interface IncidentDetail extends Omit<Incident, 'units'> {
  readonly state: 'open' | 'closed';
  readonly outcome: string | null;
  readonly triagedAt: string | null;
  readonly needsTransport: boolean;
  readonly createdBy: string;
  readonly caller?: { readonly name: string | null; readonly phone: string | null };
  readonly assignments: readonly Assignment[];
  readonly possibleDuplicates: readonly number[];
  readonly log: readonly {
    readonly at: string;
    readonly actor: string;
    readonly action: string;
    readonly unit: string | null;
    readonly note: string | null;
  }[];
}

export interface Candidate {
  readonly unit: string;
  readonly callSign: string;
  readonly vehicle: 'motorcycle' | 'transport';
  readonly etaS: number;
  readonly etaRangeS: readonly [fastest: number, slowest: number];
  readonly etaSource: 'road' | 'straight';
  readonly distanceM: number;
  readonly fixAgeS: number;
  readonly stale: boolean;
  readonly batteryPct: number | null;
  readonly unitVersion: number;
  /** False where the roads prove that none leads there. */
  readonly reachable: boolean;
  /** Its device is told at once. */
  readonly connected: boolean;
  readonly lastConnectedAt: string | null;
  readonly warnings: readonly string[];
}

export interface Recommendation {
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly { readonly unit: string; readonly callSign: string; readonly reason: string }[];
  readonly excludedTotal: number;
  readonly asOf: string;
  readonly shortfall?: string;
}

export interface RecommendationJson {
  readonly destinations?: readonly Destination[];
  readonly firstAid?: Recommendation;
  readonly transport?: Recommendation;
  readonly shortfall?: string;
}

interface Beds {
  readonly emergency: number | null;
  readonly intensive: number | null;
  readonly ward: number | null;
}

export interface HospitalNow {
  readonly id: string;
  readonly name: string;
  readonly class: string;
  readonly beds: Beds;
  readonly free: Beds | null;
  readonly updatedAt: string | null;
  readonly stale: boolean;
  readonly overfull: boolean;
}

/** Where to take a patient from a place. */
export interface Destination extends HospitalNow {
  readonly etaS: number;
  readonly etaSource: 'road' | 'straight';
}

/** A call as it is taken. */
export interface CallReport {
  readonly classification: 'real' | 'prank' | 'silent' | 'information';
  readonly priority: 1 | 2 | 3;
  readonly category?: string;
  readonly note?: string;
  readonly place?: string;
  readonly lat?: number;
  readonly lng?: number;
  readonly callerName?: string;
  readonly callerPhone?: string;
  readonly needsTransport?: boolean;
}
