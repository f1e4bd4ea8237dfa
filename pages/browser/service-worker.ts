/**
 * The worker behind the public pages: without a network it gives the last known page, which says its age.
 *
 * Invariants: with a network every page comes from it; kept are pages and their files, never the API; at most
 * MAX_KEPT answers, the oldest go first.
 */
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface WorkerFetchEvent extends WorkerEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const KEPT = 'siaga-pages';
const MAX_KEPT = 40;
/** Below the scope: pages and their files. Staff's pages and the API are not kept. */
const KEEPS = /^(?:$|wifi$|(?:rivers|sungai|alerts)\/[^/]+$|page-files\/|manifest\.webmanifest$)/;
const scope = new URL('./', location.href);

addEventListener('fetch', (event) => {
  const { request, respondWith } = event as WorkerFetchEvent;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  if (KEEPS.test(url.pathname.slice(scope.pathname.length))) respondWith.call(event, answer(request));
});

async function answer(request: Request): Promise<Response> {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) {
      await kept.put(request, response.clone());
      const all = await kept.keys();
      for (const old of all.slice(0, Math.max(0, all.length - MAX_KEPT))) await kept.delete(old);
    }
    return response;
  } catch (error) {
    const last = await kept.match(request, { ignoreVary: true });
    if (!last) throw error;
    const headers = new Headers(last.headers);
    headers.set('x-kept', 'yes');
    return new Response(last.body, { status: last.status, headers });
  }
}
