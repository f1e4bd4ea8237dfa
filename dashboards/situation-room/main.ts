/**
 * The situation room's page: its views, and what connects them; live-page.ts says when the screen is drawn.
 *
 *   stream and API → city feed → state → (at most twice a second) → views
 *
 * Invariant: drawing reads the state and never waits.
 */
import { createLivePage } from './live-page.ts';
import { loadLanguage } from './page-language.ts';
import { reloadIfNewer } from './page-version.ts';
import { ApiClient } from './state/api/api-client.ts';
import type { Alert } from './state/api/api-shapes.ts';
import type { CityState } from './state/city-state.ts';
import { createDeskCalls } from './state/dispatch/desk-calls.ts';
import { createAlertsView } from './views/alerts-view.ts';
import { byId, setAttribute, setOptionalText } from './views/dom.ts';
import { createGaugeDialog } from './views/gauges/gauge-dialog.ts';
import { createGaugesView } from './views/gauges/gauges-view.ts';
import { createHeaderView } from './views/header-view.ts';
import { createCallDialog } from './views/incidents/call-dialog.ts';
import { IncidentDialog } from './views/incidents/incident-dialog.ts';
import { createIncidentsView } from './views/incidents/incidents-view.ts';
import { fillLegend } from './views/map/legend.ts';
import { createMapView, type MapView } from './views/map/map-view.ts';
import { createOthersView } from './views/others-view.ts';
import type { Actions, Room } from './views/room.ts';
import { createSignIn, exchangeStoredToken, goOnAsPublic } from './views/sign-in.ts';
import { createStoryView } from './views/story-view.ts';
import { createTabs } from './views/tabs.ts';
import { createUnitsView } from './views/units-view.ts';
import { createWifiView } from './views/wifi-view.ts';

const DRAW_MS = 500;

const client = new ApiClient(document.baseURI);
await exchangeStoredToken(client);
await loadLanguage();
const page = createLivePage({
  ...{ client, draw, drawMs: DRAW_MS, onSpeech: fillLegend },
  onFresh() {
    story.renew();
    reloadIfNewer(document.baseURI).catch(() => undefined);
  },
  onState: () => setOptionalText(byId('problem'), undefined),
});
const { feed, currentRoom } = page;

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
const story = createStoryView(client);
const tabs = createTabs('tabs');
const gaugeDialog = createGaugeDialog(client, () => currentRoom() as Room);
const calls = createDeskCalls(client);
const incidentDialog = new IncidentDialog({ calls, actions, currentRoom: () => currentRoom() as Room });
const callDialog = createCallDialog({ calls, currentRoom, onTaken: (id) => incidentDialog.open(id) });
const signIn = createSignIn({
  client,
  currentSpeech: () => page.speech,
  onChanged: () => location.reload(),
});
let map: { readonly state: CityState; readonly signature: string; readonly view: MapView } | undefined;

function draw(): void {
  const room = currentRoom();
  setOptionalText(
    byId('waiting'),
    room ? undefined : page.speech.word(page.stream.name === 'waiting' ? 'notReached' : 'connecting'),
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
    story,
    mapFor(room),
    gaugeDialog,
    incidentDialog,
    callDialog,
  ])
    view.update(room);
  signIn.update({ ...room, viewer: room.state.viewer });
  setAttribute(document.body, 'data-staff', room.state.isStaff);
  const leftOut = room.state.devicesLeftOut;
  setOptionalText(
    byId('devices-left-out'),
    leftOut > 0 ? `${leftOut} ${room.speech.word('more')}` : undefined,
  );
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

client.onSession = (isEnded) => {
  if (isEnded) goOnAsPublic();
};
// On a small screen it would cover the map.
(byId('legend') as HTMLDetailsElement).open = matchMedia('(min-width: 1500px)').matches;
page.start();
