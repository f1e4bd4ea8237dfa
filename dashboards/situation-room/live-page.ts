/**
 * What a page of the live city does whatever it shows: it listens, reads the present, speaks, and draws now and then.
 *
 *   stream and API → city feed → (at most once in `drawMs`) → the page's own `draw`
 *
 * Invariants: drawing reads what is known and never waits; the page needs no reload, whatever the server does; with
 * nothing changing it still draws once a second, since ages grow.
 */
import { type CityFeed, type CityFeedOptions, createCityFeed } from './city-feed.ts';
import { delay } from './delay.ts';
import { listenForLanguage, readLanguage, speakMarkup } from './page-language.ts';
import type { ApiClient } from './state/api/api-client.ts';
import type { Viewer } from './state/api/api-shapes.ts';
import type { StreamEvent } from './state/api/event-parser.ts';
import { keepStreaming, type StreamState } from './state/api/live-stream.ts';
import { createSpeech, type Language, type Speech } from './state/words/speech.ts';
import type { Room } from './views/room.ts';

const TICK_MS = 1_000;
const RECONCILE_MS = 60_000;
const RETRY_REFRESH_MS = 3_000;
const FALLBACK_ZONE = 'Asia/Jakarta';

export interface LivePageOptions {
  readonly client: ApiClient;
  readonly feed?: CityFeedOptions;
  /** Changes wait for so long, so that many of them are drawn at once. */
  readonly drawMs: number;
  draw(): void;
  /** Beside the feed. */
  onEvent?(event: StreamEvent): void;
  /** The stream has begun anew, or it is another person's now: all of the present is being read. */
  onFresh(): void;
  onState?(): void;
  /** The words of the markup are in this language now. */
  onSpeech?(speech: Speech): void;
}

export interface LivePage {
  readonly feed: CityFeed;
  readonly speech: Speech;
  readonly stream: StreamState;
  /** Undefined before the city was read. */
  currentRoom(): Room | undefined;
  scheduleDrawing(): void;
  /** Reads all of the present until it succeeds. One at a time; a newer one takes the place of an older. */
  refresh(): Promise<void>;
  /** Once the page can draw: not before its views are there. */
  start(): void;
}

export function createLivePage(options: LivePageOptions): LivePage {
  const { client, draw } = options;
  let stream: StreamState = { name: 'connecting' };
  let zone = FALLBACK_ZONE;
  let speech = createSpeech(readLanguage(), zone);
  let drawTimer: ReturnType<typeof setTimeout> | undefined;
  let refreshing = 0;
  const feed = createCityFeed(client, scheduleDrawing, options.feed);

  function scheduleDrawing(): void {
    if (drawTimer !== undefined) return;
    drawTimer = setTimeout(() => {
      drawTimer = undefined;
      draw();
    }, options.drawMs);
  }

  function speak(language: Language): void {
    speech = createSpeech(language, zone);
    speakMarkup(speech);
    options.onSpeech?.(speech);
    draw();
  }

  function refresh(): Promise<void> {
    const mine = ++refreshing;
    return readPresent(client, feed, () => mine === refreshing);
  }

  function startAnew(): void {
    void refresh();
    options.onFresh();
  }

  async function followViewer(): Promise<void> {
    if (await isOtherViewer(client, feed)) startAnew();
  }

  return {
    feed,
    refresh,
    scheduleDrawing,
    get speech() {
      return speech;
    },
    get stream() {
      return stream;
    },
    currentRoom() {
      const { state } = feed;
      if (!state) return undefined;
      if (state.city.timeZone !== zone) {
        zone = state.city.timeZone;
        speech = createSpeech(speech.language, zone);
      }
      return { state, speech, stream, nowMs: client.now() };
    },
    start() {
      listenForLanguage(speak);
      speak(speech.language);
      setInterval(draw, TICK_MS);
      setInterval(() => {
        // A failure shows by the stream's state; the next round tries again.
        if (stream.name === 'live') feed.reconcile().catch(() => undefined);
      }, RECONCILE_MS);
      void keepStreaming({
        open: (lastEventId, signal) => client.openStream(lastEventId, signal),
        onEvent(event) {
          feed.take(event);
          options.onEvent?.(event);
        },
        onFresh: startAnew,
        onState(next) {
          if (next.name === 'live' && stream.name !== 'live') void followViewer();
          stream = next;
          options.onState?.();
          draw();
        },
        signal: new AbortController().signal,
        now: () => client.now(),
        random: Math.random,
        delay,
      });
    },
  };
}

/** Until it succeeds or is no longer wanted. */
async function readPresent(client: ApiClient, feed: CityFeed, isWanted: () => boolean): Promise<void> {
  while (isWanted()) {
    try {
      await feed.refresh();
      return;
    } catch {
      // What is shown stays; it is asked again, or by whoever signs in again.
      if (client.isEnded) return;
      await delay(RETRY_REFRESH_MS);
    }
  }
}

/** A stream that goes on where it was may be another's by now: an administrator changed their role, or their name. */
async function isOtherViewer(client: ApiClient, feed: CityFeed): Promise<boolean> {
  const known = feed.state?.viewer;
  if (!known) return false;
  // What fails here is asked again when the stream comes back once more.
  const now = await client.get<Viewer>('v1/session').catch(() => known);
  return now.name !== known.name || now.role !== known.role;
}
