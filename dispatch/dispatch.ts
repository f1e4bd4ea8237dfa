/**
 * Dispatch: opens the parts (units, roads, incidents, assignments, orders, hospitals) and hands them over.
 *
 *   call → incident → recommendation → assignment (lock) → order → acknowledgement → … → available
 *
 * Stands between ingest (readings of the present, acks) and the API. Invariants: locks, open assignments and
 * timers are read back from the state database before anything is asked; `tick` is called each second and
 * does what became due, also what became due while nobody ran.
 */
import type { Logger } from 'pino';
import { Gauge, type Registry as Metrics } from 'prom-client';
import type { City } from '../cities/city.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import { isHospital } from '../devices/kinds/hospital.ts';
import type { Reading } from '../devices/reading.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { AssignmentRequest } from './assign-unit.ts';
import { setService } from './assignment-lock.ts';
import type { AssignmentRow } from './assignment-row.ts';
import { Assignments } from './assignments.ts';
import { BedReports } from './bed-reports.ts';
import { CancelEcho } from './cancel-echo.ts';
import { type CoverageNow, createCoverageNow } from './coverage-now.ts';
import { CrewAnswers } from './crew-answers.ts';
import { CrewLinks } from './crew-links.ts';
import { type DispatchContext, writeAudit } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import { createDispatchMetrics } from './dispatch-metrics.ts';
import { type Figures, type FiguresQuery, measureFigures } from './figures.ts';
import { Hospitals } from './hospitals.ts';
import { Incidents } from './incidents.ts';
import { Questions } from './questions.ts';
import { type Recommendation, type RecommendationQuery, recommend } from './recommendation.ts';
import { createOutsideEngine, type RoutingConfig } from './roads/outside-engine.ts';
import { openRoadNetwork } from './roads/road-network.ts';
import { createTravel } from './travel.ts';
import { type AlertsPort, UnansweredOrders } from './unanswered-orders.ts';
import { UnitBoard } from './unit-board.ts';
import { createUnitClocks } from './unit-clock.ts';
import { UnitMessages } from './unit-messages.ts';
import { WordDelivery } from './word-delivery.ts';
import { WordDesk } from './word-desk.ts';
import { WordReminders } from './word-reminders.ts';

export interface DispatchDependencies {
  readonly config: RoutingConfig & Pick<Config, 'SIAGA_DATA_DIR'>;
  readonly city: City;
  readonly database: Database;
  /** Restored before: the board starts from its present. */
  readonly fleet: Fleet;
  /** Where an order that nobody answers becomes an alert. */
  readonly alerts: AlertsPort;
  readonly sendCommand: (device: string, payload: string) => Promise<void>;
  readonly publishEvent: (type: 'incident' | 'hospital', body: unknown) => void;
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
  /** Takes the unit and sends it; resolves when it is locked, with its order, on disk. */
  assign(
    request: AssignmentRequest,
    key: string,
    user: string,
  ): Promise<{ assignment: AssignmentRow; isRepeat: boolean }>;
  /** A dispatcher's word on a step; tells the unit where that voids its order. */
  advance(advance: Omit<Parameters<Assignments['advance']>[0], 'atMs'>): Promise<AssignmentRow>;
  /** The crew has told by radio that it has its order, or what was changed or called off since. */
  hearByRadio(assignment: number, user: string): Promise<AssignmentRow>;
  /** A person's answer to what a crew said and what was not taken by itself. */
  answer(assignment: number, isTaken: boolean, user: string): Promise<AssignmentRow>;
  /** Takes a unit out of service (with why) or, with null, puts it back. */
  setService(unit: string, outOfService: string | null, user: string): Promise<void>;
  figures(query: Omit<FiguresQuery, 'nowMs'>): Promise<Figures>;
  coverage(): CoverageNow | undefined;
  audit(incident: number): Promise<readonly AuditLine[]>;
  /** A reading that is its device's present. */
  observe(reading: Reading): void;
  /** A reading whose position is not to be believed: only what its crew says counts. */
  observeWord(reading: Reading): void;
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

/** Lines of one incident's audit that are shown, the first ones. */
const MAX_AUDIT_LINES = 1_000;

export async function openDispatch(dependencies: DispatchDependencies): Promise<Dispatch> {
  const { config, city, database, fleet, log, now } = dependencies;
  const board = new UnitBoard(city, fleet, createUnitClocks());
  const roads = openRoadNetwork(city, config.SIAGA_DATA_DIR, log);
  const metrics = createDispatchMetrics(dependencies.metrics);
  const outside = createOutsideEngine(config);
  const travel = createTravel({ outside, roads, fallbacks: metrics.routingFallbacks, log });
  const context: DispatchContext = { ...dependencies, board, metrics };
  const coverage = createCoverageNow(board, roads, now);
  const links = new CrewLinks((device) => board.vehicleOf(device) !== undefined);
  const { timeZone } = city;
  const asking = { board, travel, links, coverage, now, timeZone };
  const ask = (query: RecommendationQuery) => recommend(asking, query);
  const assignments = new Assignments(context);
  const echo = new CancelEcho(context, links);
  const delivery = new WordDelivery(context, links, {
    onOrderReached: (assignment, atMs) => assignments.noteDispatched(assignment, atMs),
    onCancelReached: (unit, word, atMs) => echo.reached(unit, word, atMs),
  });
  const reminders = new WordReminders(context, delivery, ask);
  const desk = new WordDesk(context, links, delivery);
  const incidents = new Incidents(context, async (id, { isInOrder, hasMoved }) => {
    if (hasMoved) await assignments.renewScene(id);
    if (isInOrder) await delivery.sendNew((await assignments.ofIncident(id)).map(({ unit }) => unit));
  });
  const unanswered = new UnansweredOrders(context, dependencies.alerts, reminders);
  const questions = new Questions(context, assignments);
  const messages = new UnitMessages(context, assignments, questions, echo);
  const answers = new CrewAnswers(context, { assignments, delivery, reminders, links });
  const hospitals = new Hospitals(context, roads);
  await assignments.load();
  await echo.load();
  await messages.resume();
  await hospitals.load();
  const bedReports = new BedReports(context, hospitals, fleet);
  // What was on disk and not yet worked off when the last run ended.
  for (const { id } of city.hospitals) {
    const last = fleet.now(id)?.last;
    if (last) bedReports.observe(last);
  }
  await bedReports.settled();
  countUnits(dependencies.metrics, board, assignments);

  async function settled(): Promise<void> {
    await Promise.all([messages.settled(), bedReports.settled()]);
    await delivery.settled();
  }

  return {
    board,
    incidents,
    assignments,
    hospitals,
    links,
    words: desk,
    roads: outside?.name ?? roads?.source ?? 'straight line',
    recommend: ask,
    coverage,
    async assign(request, key, user) {
      const { assignment, isRepeat, replaced, others } = await assignments.assign(request, key, user);
      if (isRepeat) return { assignment, isRepeat };
      const { incident, id, unit } = assignment;
      dependencies.publishEvent('incident', { event: 'assigned', incident, assignment: id, unit });
      await delivery.sendNew([...(replaced ? [replaced.unit] : []), unit, ...others]);
      return { assignment: await assignments.get(id), isRepeat };
    },
    async advance(advance) {
      const { hospital } = advance;
      if (hospital !== undefined && !city.hospitals.some(({ id }) => id === hospital)) {
        throw new DispatchError('unknown-hospital', `there is no hospital ${hospital}`);
      }
      const { unit } = await assignments.advance({ ...advance, atMs: now() });
      await delivery.sendNew([unit]);
      return assignments.get(advance.assignment);
    },
    async hearByRadio(assignment, user) {
      const { step } = await assignments.get(assignment);
      const hasAnswered = step !== 'reserved' && step !== 'dispatched';
      if (hasAnswered && (await desk.hearAllByRadio(assignment, user)) > 0)
        return assignments.get(assignment);
      return assignments.advance({ assignment, to: 'acknowledged', actor: user, atMs: now() });
    },
    answer: (assignment, isTaken, user) => questions.answer(assignment, isTaken, user),
    async setService(unit, outOfService, user) {
      if (board.vehicleOf(unit) === undefined) {
        throw new DispatchError('unknown-unit', `there is no ambulance ${unit}`);
      }
      const lock = await database.transaction().execute(async (transaction) => {
        const action = outOfService === null ? 'back-in-service' : 'out-of-service';
        await writeAudit(transaction, now(), { actor: user, action, unit, note: outOfService ?? undefined });
        return setService(transaction, unit, outOfService);
      });
      board.setLock(lock);
    },
    figures: (query) => measureFigures(database, { ...query, nowMs: now() }),
    audit: (incident) =>
      database
        .selectFrom('dispatch_audit')
        .select(['at', 'actor', 'action', 'assignment', 'unit', 'note'])
        .where('incident', '=', incident)
        .orderBy('id')
        .limit(MAX_AUDIT_LINES)
        .execute(),
    observe(reading) {
      if (isHospital(reading)) return bedReports.observe(reading);
      const observation = board.observe(reading);
      if (observation) messages.observe(reading, observation);
    },
    observeWord(reading) {
      const observation = board.observeWord(reading);
      if (observation) messages.observeWord(reading.device, observation);
    },
    onAck: (device, body, atMs) => answers.hear(device, body, atMs),
    async tick() {
      board.takeNewUnits();
      await reminders.tick();
      await bedReports.tick();
      await unanswered.tick();
    },
    settled,
    [Symbol.asyncDispose]: settled,
  };
}

function countUnits(metrics: Metrics, board: UnitBoard, assignments: Assignments): void {
  new Gauge({
    name: 'siaga_dispatch_units',
    help: 'Ambulances: all, those that could be sent, those with an open assignment.',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      this.set({ state: 'all' }, board.size);
      this.set({ state: 'ready' }, board.index.size);
      this.set({ state: 'assigned' }, assignments.open.size);
    },
  });
}
