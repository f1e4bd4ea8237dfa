/**
 * openDispatch: puts the parts of dispatch together (units, roads, incidents, assignments, orders, hospitals) and
 * restores them, before the first question.
 *
 * CityDispatch then moves them. Invariant: locks, open assignments and timers are read back from the state database
 * before anything is asked.
 */
import { Gauge, type Registry as Metrics } from 'prom-client';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import { Assignments } from './assignments/assignments.ts';
import { Questions } from './assignments/questions.ts';
import { CityDispatch, type DispatchParts } from './city-dispatch.ts';
import { ClockFollower } from './clock-follower.ts';
import type { Dispatch, DispatchDependencies } from './dispatch.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { createDispatchMetrics, type DispatchMetrics } from './dispatch-metrics.ts';
import { BedReports } from './incidents/bed-reports.ts';
import { Hospitals } from './incidents/hospitals.ts';
import { Incidents } from './incidents/incidents.ts';
import { createCallHeat } from './recommendation/call-heat.ts';
import { createCoverageMap } from './recommendation/coverage-map.ts';
import { createCoverageNow } from './recommendation/coverage-now.ts';
import { type RecommendationQuery, recommend } from './recommendation/recommendation.ts';
import { listRefusals } from './recommendation/refusals.ts';
import { createTravel } from './recommendation/travel.ts';
import { createOutsideEngine } from './roads/outside-engine.ts';
import { paceFileOf, readPace } from './roads/pace/pace-file.ts';
import { RoadPace } from './roads/pace/road-pace.ts';
import type { StretchOutcome } from './roads/pace/stretches.ts';
import { openRoadNetwork, type RoadNetwork } from './roads/road-network.ts';
import { CancelEcho } from './units/cancel-echo.ts';
import { UnitBoard } from './units/unit-board.ts';
import { UnitMessages } from './units/unit-messages.ts';
import { findRoutes } from './units/unit-routes.ts';
import { CrewAnswers } from './words/crew-answers.ts';
import { CrewLinks } from './words/crew-links.ts';
import { UnansweredOrders } from './words/unanswered-orders.ts';
import { WordDelivery } from './words/word-delivery.ts';
import { WordDesk } from './words/word-desk.ts';
import { WordReminders } from './words/word-reminders.ts';

export async function openDispatch(dependencies: DispatchDependencies): Promise<Dispatch> {
  const { fleet, registry } = dependencies;
  const { echo, ...parts } = assembleParts(dependencies);
  const { assignments, bedReports, board, hospitals, messages } = parts;
  await assignments.load();
  await echo.load();
  await messages.resume();
  await hospitals.load();
  // What was on disk and not yet worked off when the last run ended.
  for (const { id } of registry.cityNow.hospitals) {
    const last = fleet.now(id)?.last;
    if (last) bedReports.observe(last);
  }
  await bedReports.settled();
  countUnits(dependencies.metrics, board, assignments);
  return new CityDispatch(parts);
}

function assembleParts(dependencies: DispatchDependencies): DispatchParts & { readonly echo: CancelEcho } {
  const { config, fleet, log, now, registry } = dependencies;
  const board = new UnitBoard(registry, fleet);
  const roads = openRoadNetwork(registry.cityNow, config.SIAGA_DATA_DIR, log);
  const metrics = createDispatchMetrics(dependencies.metrics);
  const outside = createOutsideEngine(config);
  const travel = createTravel({ outside, roads, fallbacks: metrics.routingFallbacks, log });
  const context: DispatchContext = {
    ...dependencies,
    get city() {
      return registry.cityNow;
    },
    board,
    metrics,
    followClock: () => follower.follow(),
  };
  const pace = roads && openPace(dependencies, roads, board, metrics);
  const coverage = createCoverageNow(board, roads, now);
  const links = new CrewLinks(
    (device) => isAmbulance(registry.find(device)),
    (device, { connectedSinceMs }, atMs) => {
      const connectedSince = connectedSinceMs === undefined ? null : formatInstant(connectedSinceMs);
      dependencies.publishEvent('fleet', { device, connectedSince, at: formatInstant(atMs) });
    },
  );
  const { timeZone } = registry.cityNow;
  const refusals = (incident: number) => listRefusals(context.database, incident);
  const asking = { board, travel, links, coverage, now, timeZone, refusals };
  const ask = (query: RecommendationQuery) => recommend(asking, query);
  const assignments = new Assignments(context);
  const follower = new ClockFollower({
    shift: (step) => assignments.clockSet(step),
    ...{ now, log, steps: metrics.clockSteps },
  });
  const echo = new CancelEcho(context, links);
  const delivery = new WordDelivery(context, links, {
    onOrderReached: (assignment, atMs) => assignments.noteDispatched(assignment, atMs),
    onCancelReached: (unit, word, atMs) => echo.reached(unit, word, atMs),
  });
  const reminders = new WordReminders(context, delivery, ask);
  const incidents = new Incidents(context, async (id, { isInOrder, hasMoved }) => {
    if (hasMoved) await assignments.renewScene(id);
    if (isInOrder) await delivery.sendNew((await assignments.ofIncident(id)).map(({ unit }) => unit));
  });
  const questions = new Questions(context, assignments);
  const hospitals = new Hospitals(context, roads);
  return {
    ...{ context, board, coverage, links, assignments, echo, delivery, reminders, incidents, questions },
    hospitals,
    roads: outside?.name ?? roads?.source ?? 'straight line',
    recommend: ask,
    coverageMap: createCoverageMap(board, roads, now),
    callHeat: createCallHeat(context.database, now),
    routes: (at, units) => findRoutes(board, roads, { at, units, nowMs: now() }),
    words: new WordDesk(context, links, delivery),
    unanswered: new UnansweredOrders(context, dependencies.alerts, reminders),
    messages: new UnitMessages(context, { assignments, questions, echo, follower }),
    answers: new CrewAnswers(context, { assignments, delivery, reminders, links }),
    bedReports: new BedReports(context, hospitals, fleet),
    pace,
  };
}

/** What the fleet teaches of these roads, in this run and in those before. */
function openPace(
  { config, log, now, registry }: DispatchDependencies,
  network: RoadNetwork,
  board: UnitBoard,
  { stretches }: DispatchMetrics,
): RoadPace {
  const { id, timeZone } = registry.cityNow;
  const file = paceFileOf(config.SIAGA_DATA_DIR, id);
  const isThere = (unit: string) => board.vehicleOf(unit) !== undefined;
  const count = (outcome: StretchOutcome) => stretches.inc({ outcome });
  return new RoadPace({ network, memory: readPace(file, log), file, timeZone, isThere, now, log, count });
}

function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString();
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
