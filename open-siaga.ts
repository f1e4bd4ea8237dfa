/**
 * openSiaga: opens the parts in the order of the flow and closes them in reverse.
 *
 *   ground (on PostgreSQL a standby waits there) → stores (journal, history, copy in InfluxDB) → followers (alerts,
 *   the present, dispatch) → intake (pipeline) → entrances (broker, outside brokers) → canary, drills →
 *   periodic jobs → API → the door of the other nodes
 *
 * One file a stage in opening/; each hands on what the later ones need, and nothing is handed over anywhere else
 * (the API's resources get theirs in open-http-api.ts). Invariant: the present is restored from the journal before
 * the broker takes the first device, and the broker is closed before what its messages need.
 */
import type { Logger } from 'pino';
import { SERVER_CLOCK } from './alerts/rules/server-clock.ts';
import { type HttpApi, openHttpApi } from './api/open-http-api.ts';
import { situationRoomPages } from './api/pages/pages.ts';
import { publicPages, readPublicFiles } from './api/pages/public-pages.ts';
import type { Broker } from './broker/broker.ts';
import type { Canary } from './canary/canary.ts';
import { startPeriodicJobs } from './clock/periodic-jobs.ts';
import type { Config } from './config/config.ts';
import type { Drills } from './drill/drills.ts';
import { listJobs } from './opening/list-jobs.ts';
import { openCanary } from './opening/open-canary.ts';
import { openDrills } from './opening/open-drills.ts';
import { type Entrances, openEntrances } from './opening/open-entrances.ts';
import { type Followers, openFollowers, startFollowing } from './opening/open-followers.ts';
import { type Ground, openGround } from './opening/open-ground.ts';
import { type Intake, openIntake } from './opening/open-intake.ts';
import { openNodeDoor } from './opening/open-node-door.ts';
import { openStores, type Stores } from './opening/open-stores.ts';

export interface Siaga extends AsyncDisposable {
  /** Where it listens, ports as the system gave them. */
  readonly addresses: { readonly http: string; readonly mqtt: readonly string[] };
  /** Shown once, at the very first start. */
  readonly firstAdminToken: string | undefined;
}

interface Stages {
  readonly ground: Ground;
  readonly stores: Stores;
  readonly followers: Followers;
  readonly intake: Intake;
  readonly entrances: Entrances;
  readonly canary: Canary | undefined;
  readonly drills: Drills;
}

/**
 * Opens all of it. What fails to open closes what was open, and throws. `onFatal` is told when a part has died
 * that only a restart brings back, or another server owns the city. Where this one stands by, `ended` ends its waiting:
 * openSiaga then rejects with the signal's reason.
 */
export async function openSiaga(
  config: Config,
  log: Logger,
  onFatal?: (error: Error) => void,
  ended = new AbortController().signal,
): Promise<Siaga> {
  await using opened = new AsyncDisposableStack();
  // Its files take a while, beside what is opened meanwhile.
  const page = situationRoomPages();
  // What goes out over MQTT waits in an outbox until the broker is open; see alerts and dispatch.
  let broker: Broker | undefined;
  let sources: Entrances['sources'] | undefined;
  const publish: Broker['publish'] = async (topic, payload, options) => {
    if (!broker) throw new Error('the broker is not open yet');
    await broker.publish(topic, payload, options);
  };

  const ground = await openGround(opened, { config, log, onFatal, ended });
  const stores = await openStores(opened, ground);
  const followers = await openFollowers(opened, ground, stores, publish);
  const intake = await openIntake(opened, ground, stores, followers, {
    publish,
    publishOutside: async (gateway, topic, payload) =>
      (await sources?.publish(gateway, topic, payload)) ?? false,
  });
  startFollowing(opened, stores, followers, intake.ofMessages);
  await ground.owned?.endCarrying();
  const entrances = await openEntrances(opened, ground, followers, intake);
  ({ broker, sources } = entrances);
  const canary = await openCanary(ground, stores, followers, entrances);
  const drills = await openDrills(ground, intake);
  const jobs = listJobs(ground, stores, followers, intake, { canary, drills });
  const { clock, metrics, owned } = ground;
  opened.use(startPeriodicJobs({ jobs, log, metrics, lookAtClock: clock.look }));
  await owned?.endStandby();
  const api = opened.use(
    await openApi({ ground, stores, followers, intake, entrances, canary, drills }, page),
  );
  await openNodeDoor(opened, ground, broker, api);

  const parts = opened.move();
  return {
    addresses: {
      http: api.address,
      mqtt: broker.addresses.map(({ listener, host, port }) => `${listener}://${host}:${port}`),
    },
    firstAdminToken: api.firstAdminToken,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function openApi(stages: Stages, page: ReturnType<typeof situationRoomPages>): Promise<HttpApi> {
  const { ground, stores, followers, intake, entrances, drills } = stages;
  const { alerts } = followers;
  const { history } = stores.keptHistory;
  return openHttpApi({
    ...ground,
    journal: stores.journal,
    history,
    alerts,
    dispatch: followers.dispatch,
    drills,
    ...intake,
    deviceAuthenticator: entrances.authenticator,
    pages: [
      page,
      publicPages({
        ...ground,
        alerts,
        history,
        publicUrl: ground.config.PUBLIC_URL,
        files: readPublicFiles(),
      }),
    ],
    maxConnections: entrances.apiConnections,
    connectionOf: entrances.broker.connectionOf,
    readiness: () => listProblems(stages),
    degraded: () => listLesserProblems(stages),
    log: ground.log.child({ part: 'api' }),
  });
}

/** What those who run it should know, though people are served; none when all is well. */
function listLesserProblems({ canary, stores, followers }: Stages): readonly string[] {
  // Nobody but Grafana and engineers waits for the copy.
  const copy = (stores.copy?.problems ?? []).map((problem) => `the copy in InfluxDB: ${problem}`);
  const clock = followers.alerts.open().filter(({ rule }) => rule === SERVER_CLOCK.name);
  const lost = canary?.problem === undefined ? [] : [canary.problem];
  return [...copy, ...clock.map(({ text }) => text.en), ...lost];
}

/** Why Siaga is not ready, in words; none when it is. */
function listProblems({ ground, stores, followers, entrances }: Stages): readonly string[] {
  const { draining, journal, keptHistory } = stores;
  const own = [
    ground.owned?.ownership.problem,
    journal.problem,
    keptHistory.history.problem,
    followers.alerts.problem,
  ];
  return [
    ...own.filter((each) => each !== undefined),
    ...entrances.sources.problems,
    ...[...draining.problems].map(([consumer, problem]) => `${consumer}: ${problem}`),
  ];
}
