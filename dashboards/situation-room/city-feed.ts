/**
 * The city's facts, from the API into the state: all of it at first and after each break, then event by event.
 *
 *   /v1/stream opens → city, devices, alerts, half an hour of each gauge → events → (break) → again
 *
 * Invariants: the stream is open before the present is read, so nothing falls between; a call that fails is
 * tried again with the next round; what cannot be parsed is counted and left out.
 */
import type { Answer } from './state/api/answer-shapes.ts';
import { type ApiClient, ApiError } from './state/api/api-client.ts';
import type { Alert, ConnectionEvent, PresenceEvent, ReadingEvent } from './state/api/api-shapes.ts';
import type { StreamEvent } from './state/api/event-parser.ts';
import { CityState, MAX_ALERTS, MAX_DEVICES } from './state/city-state.ts';
import { SERIES_MS } from './state/level-series.ts';
import { readLevels } from './state/read-levels.ts';

export interface CityFeed {
  readonly state: CityState | undefined;
  /** Reads all of the present. Throws ApiError, or what fetch throws; then the last state stays. */
  refresh(): Promise<void>;
  /** Reads the open alerts and the devices again, beside the stream. */
  reconcile(): Promise<void>;
  take(event: StreamEvent): void;
}

/** Beside the page's other calls: a browser has six connections to a server. */
const HISTORIES_AT_ONCE = 3;
const PAGE_SIZE = 1_000;
const MAX_ALERT_PAGES = 5;
const MAX_INCIDENTS = 200;
/** Several events tell of one assignment: the list is read once for all of them. */
const INCIDENTS_AFTER_MS = 300;
/** The same of a city that is changed. */
const CITY_AFTER_MS = 500;
/** Events kept while the answers of a refresh are on their way: a minute of a busy city. */
const MAX_WAITING = 2_000;

export interface CityFeedOptions {
  /** Whether half an hour of each gauge is read: for a page that draws it. */
  readonly hasSeries: boolean;
}

export function createCityFeed(
  client: ApiClient,
  onChange: () => void,
  { hasSeries }: CityFeedOptions = { hasSeries: true },
): CityFeed {
  let state: CityState | undefined;
  let waiting: StreamEvent[] = [];
  let refreshes = 0;
  let round = 0;
  let incidentsTimer: ReturnType<typeof setTimeout> | undefined;

  function apply(target: CityState, { type, data }: StreamEvent): void {
    try {
      const body: unknown = JSON.parse(data);
      if (type === 'reading') target.applyReading(body as ReadingEvent);
      else if (type === 'presence') target.applyPresence(body as PresenceEvent);
      else if (type === 'fleet') target.applyConnection(body as ConnectionEvent);
      else if (type === 'incident') readIncidentsSoon();
      else if (type === 'alert') target.applyAlert(body as Alert, client.now());
    } catch (error) {
      // Left out; the next reconcile brings what it said.
      console.warn('an event of the stream was not understood', type, error);
    }
  }

  function readIncidentsSoon(): void {
    if (incidentsTimer !== undefined) return;
    incidentsTimer = setTimeout(async () => {
      incidentsTimer = undefined;
      // What fails here is read again with the next event, and once a minute.
      if (state) await readIncidents(client, state).then(onChange, () => undefined);
    }, INCIDENTS_AFTER_MS);
  }

  let cityTimer: ReturnType<typeof setTimeout> | undefined;
  function readCityOnce(refresh: () => Promise<void>): void {
    clearTimeout(cityTimer);
    // What fails here is read again with the next change, or when the stream comes back.
    const read = () => void refresh().catch((error: unknown) => console.warn('the city was changed', error));
    cityTimer = setTimeout(read, CITY_AFTER_MS);
  }

  return {
    get state() {
      return state;
    },
    async refresh() {
      const mine = ++round;
      refreshes++;
      try {
        const { city, you } = await client.get<Answer<'GetCityAnswer'>>('v1/city');
        if (you.sessionEndsAt !== undefined) client.isSignedIn = true;
        const fresh = new CityState(city, you, state?.series);
        await readDevices(client, fresh);
        await readAlerts(client, fresh);
        await readIncidents(client, fresh);
        if (mine !== round) return;
        for (const event of waiting) apply(fresh, event);
        state = fresh;
        onChange();
      } finally {
        if (--refreshes === 0) waiting = [];
      }
      if (hasSeries) await readSeries(client, state, onChange);
    },
    async reconcile() {
      if (!state) return;
      await readAlerts(client, state);
      await readIncidents(client, state);
      await readDevices(client, state);
      onChange();
    },
    take(event) {
      // A refresh on its way misses what happens meanwhile: it is told afterwards, and merges by age.
      if (event.type === 'city') readCityOnce(() => this.refresh());
      if (refreshes > 0 && waiting.length < MAX_WAITING) waiting.push(event);
      if (!state) return;
      apply(state, event);
      onChange();
    },
  };
}

async function readDevices(client: ApiClient, state: CityState): Promise<void> {
  let path: string | undefined = `v1/devices?limit=${PAGE_SIZE}`;
  let read = 0;
  let total = 0;
  while (path !== undefined && read < MAX_DEVICES) {
    const answer: Answer<'ListDevicesAnswer'> = await client.get(path);
    state.mergeDevices(answer.devices);
    read += answer.devices.length;
    total = answer.total;
    path = answer.next;
  }
  state.devicesLeftOut = Math.max(0, total - state.devices.size);
}

async function readAlerts(client: ApiClient, state: CityState): Promise<void> {
  const askedAt = client.now();
  const open: Alert[] = [];
  let path: string | undefined = `v1/alerts?state=open&limit=${MAX_ALERTS}`;
  // Newest first: an old severe one may stand on a later page, and the state keeps the most urgent.
  for (let page = 0; path !== undefined && page < MAX_ALERT_PAGES; page++) {
    const answer: Answer<'ListAlertsAnswer'> = await client.get(path);
    open.push(...answer.alerts);
    path = answer.next;
  }
  state.replaceOpenAlerts(open, askedAt, client.now());
  const over = await client.get<Answer<'ListAlertsAnswer'>>('v1/alerts?state=resolved&limit=20');
  for (const alert of over.alerts) state.applyAlert(alert, client.now());
}

/** For staff; an installation without dispatch has none. */
async function readIncidents(client: ApiClient, state: CityState): Promise<void> {
  if (!state.isStaff) return;
  try {
    const answer = await client.get<Answer<'ListIncidentsAnswer'>>(
      `v1/incidents?state=open&limit=${MAX_INCIDENTS}`,
    );
    state.replaceIncidents(answer.incidents);
  } catch (error) {
    const isNotForUs = error instanceof ApiError && (error.status === 403 || error.status === 404);
    if (!isNotForUs) throw error;
  }
}

/** Half an hour of each gauge, a few at a time. A gauge whose history does not answer starts from now. */
async function readSeries(client: ApiClient, state: CityState, onChange: () => void): Promise<void> {
  const left = [...state.gauges.keys()];
  const readNext = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const points = await readLevels(client, id, client.now() - SERIES_MS, '15s').catch(() => []);
      for (const { atMs, levelM } of points) state.series.get(id)?.add(atMs, levelM);
      onChange();
    }
  };
  await Promise.all(Array.from({ length: HISTORIES_AT_ONCE }, readNext));
}
