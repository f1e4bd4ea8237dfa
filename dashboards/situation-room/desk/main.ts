/**
 * The page of the dispatcher's desk: the parts, what connects them, and when the screen is drawn.
 *
 *   stream and API → city feed and incident store → (at most twice a second) → desk
 *
 * Invariants: drawing reads what is known and never waits; the page is never reloaded while a person works on it;
 * with nothing changing it still draws once a second, since timers run.
 */
import { createCityFeed } from '../city-feed.ts';
import { delay } from '../delay.ts';
import { listenForLanguage, readLanguage, speakMarkup } from '../page-language.ts';
import { isNewer } from '../page-version.ts';
import { ApiClient, ApiError } from '../state/api-client.ts';
import { createDeskCalls, mayDispatch } from '../state/desk-calls.ts';
import type { StreamEvent } from '../state/event-parser.ts';
import { keepStreaming, type StreamState } from '../state/live-stream.ts';
import { createSpeech, type Language, type Speech } from '../state/speech.ts';
import { byId, setOptionalText } from '../views/dom.ts';
import { createHeaderView } from '../views/header-view.ts';
import type { Room } from '../views/room.ts';
import { createSignIn, forgetToken, readStoredToken } from '../views/sign-in.ts';
import { Desk } from './desk.ts';
import { IncidentStore } from './incident-store.ts';
import { showSlowness } from './link-watch.ts';

const DRAW_MS = 250;
const TICK_MS = 1_000;
const RECONCILE_MS = 60_000;
const RETRY_REFRESH_MS = 3_000;

const client = new ApiClient(document.baseURI);
client.token = readStoredToken();
const feed = createCityFeed(client, scheduleDrawing, { hasSeries: false });
let stream: StreamState = { name: 'connecting' };
let speech: Speech = createSpeech(readLanguage(), 'Asia/Jakarta');
let speechZone = 'Asia/Jakarta';
const calls = createDeskCalls(client);
const store = new IncidentStore(calls, scheduleDrawing, () => performance.now());
const header = createHeaderView();
const desk = new Desk(calls, store, currentRoom);
const signIn = createSignIn({ client, currentRoom, onChanged: () => location.reload() });
let drawTimer: ReturnType<typeof setTimeout> | undefined;
let isResumed = false;

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
  const waitingFor = stream.name === 'waiting' ? 'notReached' : 'connecting';
  setOptionalText(byId('waiting'), room ? undefined : speech.word(waitingFor));
  if (!room) return;
  header.update(room);
  signIn.update(room);
  showSlowness(client, room);
  const isForThem = mayDispatch(room.state.viewer);
  byId('not-for-you').hidden = isForThem;
  byId('desk').hidden = !isForThem;
  if (!isForThem) return;
  desk.update(room);
  if (isResumed) return;
  isResumed = true;
  desk.resume();
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
  draw();
}

function take(event: StreamEvent): void {
  feed.take(event);
  if (event.type !== 'incident') return;
  const { incident } = JSON.parse(event.data) as { incident?: number | null };
  if (typeof incident === 'number') store.touch(incident);
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
        // Revoked: the page is anybody's, and says for whom it is. A call that is typed stays.
        forgetToken();
        location.reload();
        return;
      }
      await delay(RETRY_REFRESH_MS);
    }
  }
}

listenForLanguage(speak);
byId('reload').addEventListener('click', () => location.reload());
speak(speech.language);
setInterval(draw, TICK_MS);
setInterval(() => {
  // A failure shows by the stream's state; the next round tries again.
  if (stream.name === 'live') feed.reconcile().catch(() => undefined);
}, RECONCILE_MS);
void keepStreaming({
  open: (lastEventId, signal) => client.openStream(lastEventId, signal),
  onEvent: take,
  onFresh() {
    void refresh();
    isNewer(document.baseURI).then(
      (newer) => {
        byId('newer').hidden = !newer;
      },
      () => undefined,
    );
  },
  onState(next) {
    stream = next;
    draw();
  },
  signal: new AbortController().signal,
  now: () => client.now(),
  random: Math.random,
  delay,
});
