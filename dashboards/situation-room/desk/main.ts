/**
 * The page of the dispatcher's desk: its parts, and what connects them; live-page.ts says when the screen is drawn.
 *
 *   stream and API → city feed and incident store → (at most four times a second) → desk
 *
 * Invariants: drawing reads what is known and never waits; the page is never reloaded while a person works on it.
 */
import { createLivePage } from '../live-page.ts';
import { loadLanguage } from '../page-language.ts';
import { isNewer } from '../page-version.ts';
import { ApiClient } from '../state/api/api-client.ts';
import type { StreamEvent } from '../state/api/event-parser.ts';
import { createDeskCalls, mayDispatch } from '../state/dispatch/desk-calls.ts';
import { byId, setOptionalText } from '../views/dom.ts';
import { createHeaderView } from '../views/header-view.ts';
import { createSignIn, exchangeStoredToken } from '../views/sign-in.ts';
import { Desk } from './desk.ts';
import { IncidentStore } from './incident-store.ts';
import { showSlowness } from './link-watch.ts';

const DRAW_MS = 250;

const client = new ApiClient(document.baseURI);
await exchangeStoredToken(client);
await loadLanguage();
const page = createLivePage({
  ...{ client, draw, drawMs: DRAW_MS, feed: { hasSeries: false }, onEvent: touchIncident },
  onFresh() {
    isNewer(document.baseURI).then(
      (newer) => {
        byId('newer').hidden = !newer;
      },
      () => undefined,
    );
  },
});
const { currentRoom } = page;
const calls = createDeskCalls(client);
const store = new IncidentStore(calls, page.scheduleDrawing, () => performance.now());
const header = createHeaderView();
const desk = new Desk(client, calls, store, currentRoom);
const signIn = createSignIn({
  client,
  currentSpeech: () => page.speech,
  onChanged: () => location.reload(),
});
let isResumed = false;

function draw(): void {
  const room = currentRoom();
  const waitingFor = page.stream.name === 'waiting' ? 'notReached' : 'connecting';
  setOptionalText(byId('waiting'), room ? undefined : page.speech.word(waitingFor));
  if (!room) return;
  header.update(room);
  // Its own line says more than that the stream is lost.
  if (client.isEnded) byId('stale-banner').hidden = true;
  signIn.update({ ...room, viewer: room.state.viewer });
  showSlowness(client, room);
  const isForThem = mayDispatch(room.state.viewer);
  // The page of the city's data is for engineers too, who have no desk.
  byId('city-link').hidden = room.state.viewer.role !== 'admin';
  byId('not-for-you').hidden = isForThem;
  byId('desk').hidden = !isForThem;
  if (!isForThem) return;
  desk.update(room);
  if (isResumed) return;
  isResumed = true;
  desk.resume();
}

/** After these a unit may be offered to nobody, or again. */
const MOVES_UNITS: ReadonlySet<string> = new Set([
  ...['out-of-service', 'back-in-service', 'patient-doubt', 'patient-doubt-over'],
  ...['assigned', 'cancelled', 'broken-down', 'completed'],
]);

function touchIncident(event: StreamEvent): void {
  if (event.type !== 'incident') return;
  const { event: what, incident } = JSON.parse(event.data) as { event: string; incident?: number | null };
  if (typeof incident === 'number') store.touch(incident);
  if (MOVES_UNITS.has(what)) void desk.readWithheld();
}

client.onSession = (isEnded) => {
  if (!isEnded) void page.refresh();
  draw();
};
byId('reload').addEventListener('click', () => location.reload());
page.start();
