/**
 * Dispatch: what the API and the flow ask of it, and what it needs.
 *
 *   call → incident → recommendation → assignment (lock) → order → acknowledgement → … → available
 *
 * Stands between ingest (readings of the present, acks) and the API. Opened by open-dispatch.ts, worked by
 * city-dispatch.ts. Invariant: `tick` is called each second and does what became due, also what became due while
 * nobody ran.
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Position } from '../cities/great-circle.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { Reading } from '../devices/reading.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LiveRegistry } from '../fleet/registry.ts';
import type { AssignmentRequest } from './assignments/assign-unit.ts';
import type { AssignmentRow } from './assignments/assignment-row.ts';
import type { Assignments } from './assignments/assignments.ts';
import type { Figures, FiguresQuery } from './incidents/figures.ts';
import type { Hospitals } from './incidents/hospitals.ts';
import type { Incidents } from './incidents/incidents.ts';
import type { CallHeat } from './recommendation/call-heat.ts';
import type { AskCoverageMap } from './recommendation/coverage-map.ts';
import type { CoverageNow } from './recommendation/coverage-now.ts';
import type { Recommendation, RecommendationQuery } from './recommendation/recommendation.ts';
import type { RoutingConfig } from './roads/outside-engine.ts';
import type { UnitBoard } from './units/unit-board.ts';
import type { UnitRoute } from './units/unit-routes.ts';
import type { CrewLinks } from './words/crew-links.ts';
import type { AlertsPort } from './words/unanswered-orders.ts';
import type { WordDesk } from './words/word-desk.ts';

export interface DispatchDependencies {
  readonly config: RoutingConfig & Pick<Config, 'SIAGA_DATA_DIR'>;
  /** The city is another value after each change: it is asked for each time. */
  readonly registry: Pick<LiveRegistry, 'cityNow' | 'find' | 'follow'>;
  readonly database: Database;
  /** Restored before: the board starts from its present. */
  readonly fleet: Fleet;
  /** Where an order that nobody answers becomes an alert. */
  readonly alerts: AlertsPort;
  readonly sendCommand: (device: string, payload: string) => Promise<void>;
  readonly publishEvent: (type: 'incident' | 'hospital' | 'fleet', body: unknown) => void;
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Dispatch extends AsyncDisposable {
  readonly board: UnitBoard;
  readonly incidents: Incidents;
  readonly assignments: Assignments;
  readonly hospitals: Hospitals;
  /** To be told by the broker of the units' connections. */
  readonly links: CrewLinks;
  readonly words: WordDesk;
  /** What travel times come from. */
  readonly roads: string;
  recommend(query: RecommendationQuery): Promise<Recommendation>;
  /** The ways that candidates would drive, for a map. */
  routes(at: Position, units: readonly string[]): UnitRoute[];
  /** Takes the unit and sends it; resolves when it is locked, with its order, on disk. */
  assign(
    request: AssignmentRequest,
    key: string,
    user: string,
  ): Promise<{ assignment: AssignmentRow; isRepeat: boolean }>;
  /** A dispatcher's word on a step; tells the unit where that voids its order. */
  advance(
    advance: Omit<Parameters<Assignments['advance']>[0], 'atMs' | 'hospital'> & {
      readonly hospital?: string | undefined;
    },
  ): Promise<AssignmentRow>;
  /** The patient is taken to another hospital than was said; the crew is told. */
  changeHospital(assignment: number, hospital: string, user: string): Promise<AssignmentRow>;
  /** The crew has told by radio that it has its order, or what was changed or called off since. */
  hearByRadio(assignment: number, user: string): Promise<AssignmentRow>;
  /** A person's answer to what a crew said and what was not taken by itself. */
  answer(assignment: number, isTaken: boolean, user: string): Promise<AssignmentRow>;
  /** Takes a unit out of service (with why) or, with null, puts it back. */
  setService(unit: string, outOfService: string | null, user: string): Promise<void>;
  figures(query: Omit<FiguresQuery, 'nowMs'>): Promise<Figures>;
  coverage(): CoverageNow | undefined;
  /** For a map: by cell, now and once a unit is sent. */
  readonly coverageMap: AskCoverageMap;
  readonly callHeat: () => Promise<CallHeat>;
  audit(incident: number): Promise<readonly AuditLine[]>;
  /** A reading that is its device's present. */
  observe(reading: Reading): void;
  /** A reading whose position is not to be believed: only what its crew says counts. */
  observeWord(reading: Reading): void;
  /** Our clock was set by `stepMs`, and says `nowMs` now: where units are and what crews said is of no later time. */
  clockSet(nowMs: number, stepMs: number): void;
  onAck(device: string, body: unknown, atMs: number): Promise<string | undefined>;
  /** Works off the timers. Call each second. */
  tick(): Promise<void>;
  /** Resolves when what units have said so far is worked off. */
  settled(): Promise<void>;
}

export interface AuditLine {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly assignment: number | null;
  readonly unit: string | null;
  readonly note: string | null;
}
