/**
 * The situation room's page: the parts, what connects them, and when the screen is drawn.
 *
 *   stream and API → city feed → state → (at most twice a second) → views
 *
 * Invariants: drawing reads the state and never waits; the page needs no reload, whatever the server does;
 * with nothing changing it still draws once a second, since ages grow.
 */
import { createCityFeed } from './city-feed.ts';
import { delay } from './delay.ts';
import { listenForLanguage, readLanguage, speakMarkup } from './page-language.ts';
import { reloadIfNewer } from './page-version.ts';
import { ApiClient, ApiError } from './state/api-client.ts';
import type { Alert } from './state/api-shapes.ts';
import type { CityState } from './state/city-state.ts';
import { createDeskCalls } from './state/desk-calls.ts';
import { keepStreaming, type StreamState } from './state/live-stream.ts';
import { createSpeech, type Language, type Speech } from './state/speech.ts';
import { createAlertsView } from './views/alerts-view.ts';
import { createCallDialog } from './views/call-dialog.ts';
import { byId, setAttribute, setOptionalText } from './views/dom.ts';
import { createGaugeDialog } from './views/gauge-dialog.ts';
import { createGaugesView } from './views/gauges-view.ts';
import { createHeaderView } from './views/header-view.ts';
import { IncidentDialog } from './views/incident-dialog.ts';
import { createIncidentsView } from './views/incidents-view.ts';
import { fillLegend } from './views/legend.ts';
import { createMapView, type MapView } from './views/map-view.ts';
import { createOthersView } from './views/others-view.ts';
import type { Actions, Room } from './views/room.ts';
import { createSignIn, forgetToken, readStoredToken } from './views/sign-in.ts';
import { createTabs } from './views/tabs.ts';
import { createUnitsView } from './views/units-view.ts';
import { createWifiView } from './views/wifi-view.ts';

const DRAW_MS = 500;
const TICK_MS = 1_000;
const RECONCILE_MS = 60_000;
const RETRY_REFRESH_MS = 3_000;
const FALLBACK_ZONE = 'Asia/Jakarta';

const client = new ApiClient(document.baseURI);
client.token = readStoredToken();
const feed = createCityFeed(client, scheduleDrawing);
let stream: StreamState = { name: 'connecting' };
let speech: Speech = createSpeech(readLanguage(), FALLBACK_ZONE);
let speechZone = FALLBACK_ZONE;

const actions: Actions = {
  showGauge: (id) => gaugeDialog.open(id),
  showPlace: (lat, lng) => map?.view.showPlace(lat, lng),
  openIncident: (id) => incidentDialog.open(id),
  async acknowledge(alertId) {
    try {
      const alert = await client.post<Alert>(`v1/alerts/${encodeURIComponent(alertId)}/acknowledge`, {});
      feed.state?.applyAlert(alert, client.now());
    } catch (error) {
      setOptionalText(byId('problem'), (error as Error).message);
    }
    draw();
  },
};
const header = createHeaderView();
const alerts = createAlertsView(actions);
const gauges = createGaugesView(actions);
const wifi = createWifiView();
const units = createUnitsView(actions);
const others = createOthersView();
const incidents = createIncidentsView(actions);
const tabs = createTabs('tabs');
const gaugeDialog = createGaugeDialog(client, () => currentRoom() as Room);
const calls = createDeskCalls(client);
const incidentDialog = new IncidentDialog({ calls, actions, currentRoom: () => currentRoom() as Room });
const callDialog = createCallDialog({ calls, currentRoom, onTaken: (id) => incidentDialog.open(id) });
const signIn = createSignIn({ client, currentRoom, onChanged: () => location.reload() });
let map: { readonly state: CityState; readonly signature: string; readonly view: MapView } | undefined;
let drawTimer: ReturnType<typeof setTimeout> | undefined;

function currentRoom(): Room | undefined {
  const { state } = feed;
  if (!state) return undefined;
  if (state.city.timeZone !== speechZone) {
    speechZone = state.city.timeZone;
    speech = createSpeech(speech.language, speechZone);
  }
  return { state, speech, stream, nowMs: client.now() };
}

function draw(): void {
  const room = currentRoom();
  setOptionalText(
    byId('waiting'),
    room ? undefined : speech.word(stream.name === 'waiting' ? 'notReached' : 'connecting'),
  );
  byId('room').hidden = room === undefined;
  if (!room) return;
  for (const view of [
    header,
    alerts,
    gauges,
    wifi,
    units,
    others,
    incidents,
    mapFor(room),
    gaugeDialog,
    incidentDialog,
    callDialog,
    signIn,
  ])
    view.update(room);
  setAttribute(document.body, 'data-staff', room.state.isStaff);
  const leftOut = room.state.devicesLeftOut;
  setOptionalText(byId('devices-left-out'), leftOut > 0 ? `${leftOut} ${speech.word('more')}` : undefined);
  tabs.refresh();
}

/** Drawn anew only for another city: the view that a person chose survives a refresh. */
function mapFor(room: Room): MapView {
  if (map?.state === room.state) return map.view;
  const signature = JSON.stringify(room.state.city);
  const view = map?.signature === signature ? map.view : createMapView(room, actions);
  map = { state: room.state, signature, view };
  return view;
}

function scheduleDrawing(): void {
  if (drawTimer !== undefined) return;
  drawTimer = setTimeout(() => {
    drawTimer = undefined;
    draw();
  }, DRAW_MS);
}

function speak(language: Language): void {
  speech = createSpeech(language, speechZone);
  speakMarkup(speech);
  fillLegend(speech);
  draw();
}

/** Reads all of the present until it succeeds. One at a time; a newer one takes the place of an older. */
let refreshing = 0;
async function refresh(): Promise<void> {
  const mine = ++refreshing;
  while (mine === refreshing) {
    try {
      await feed.refresh();
      return;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401 && client.token !== undefined) {
        // Revoked: the page goes on as everybody's.
        forgetToken();
        location.reload();
        return;
      }
      await delay(RETRY_REFRESH_MS);
    }
  }
}

listenForLanguage(speak);
// On a small screen it would cover the map.
(byId('legend') as HTMLDetailsElement).open = matchMedia('(min-width: 1500px)').matches;
speak(speech.language);
setInterval(draw, TICK_MS);
setInterval(() => {
  // A failure shows by the stream's state; the next round tries again.
  if (stream.name === 'live') feed.reconcile().catch(() => undefined);
}, RECONCILE_MS);
void keepStreaming({
  open: (lastEventId, signal) => client.openStream(lastEventId, signal),
  onEvent: (event) => feed.take(event),
  onFresh() {
    void refresh();
    reloadIfNewer(document.baseURI).catch(() => undefined);
  },
  onState(next) {
    stream = next;
    setOptionalText(byId('problem'), undefined);
    draw();
  },
  signal: new AbortController().signal,
  now: () => client.now(),
  random: Math.random,
  delay,
});
