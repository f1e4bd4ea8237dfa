/**
 * A slow connection, said in words across the page: a call to the API that waits too long for its answer.
 *
 * Beside the header, which says when the stream is lost. Invariant: while a call waits, its time is shown and grows.
 */
import type { ApiClient } from '../state/api/api-client.ts';
import { byId, setAttribute, setOptionalText } from '../views/dom.ts';
import type { Room } from '../views/room.ts';

/** The answers take some milliseconds; at the end of a bad line some hundred. */
export const SLOW_MS = 2_500;

export function showSlowness(client: Pick<ApiClient, 'waitingMs'>, { speech, stream }: Room): void {
  const { waitingMs } = client;
  // Where the stream is lost too, the header's line says more.
  const isSlow = waitingMs > SLOW_MS && stream.name !== 'waiting';
  setAttribute(document.body, 'data-slow', isSlow);
  setOptionalText(byId('slow'), isSlow ? `${speech.word('slow')} ${speech.age(waitingMs)}` : undefined);
}
