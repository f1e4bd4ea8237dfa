/**
 * The worker behind the public pages: without a network it gives the last known page, which says its age; and it shows
 * what the server pushes about a river that is followed.
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

interface WorkerPushEvent extends WorkerEvent {
  readonly data: { json(): Pushed } | null;
}
interface WorkerClickEvent extends WorkerEvent {
  readonly action: string;
  readonly notification: { readonly data: Pushed; close(): void };
}
/** As alerts/notices/push/push-words.ts writes it. */
interface Pushed {
  readonly title: string;
  readonly body: string;
  readonly page: string;
  readonly gauge: string;
  readonly stop: string;
  readonly language: string;
}
interface Worker {
  readonly registration: {
    readonly pushManager: PushManager;
    showNotification(title: string, options: object): Promise<void>;
  };
  readonly clients: { openWindow(url: string): Promise<unknown> };
}

const worker = globalThis as unknown as Worker;
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

addEventListener('push', (event) => {
  const { data } = event as WorkerPushEvent;
  if (!data) return;
  const pushed = data.json();
  const { title, body, gauge, language, stop } = pushed;
  // One card a gauge: the newest word takes the place of the one before it, and is heard.
  const shown = worker.registration.showNotification(title, {
    ...{ body, lang: language, tag: `gauge ${gauge}`, renotify: true, data: pushed },
    actions: [{ action: 'stop', title: stop }],
  });
  (event as WorkerPushEvent).waitUntil(shown);
});

addEventListener('notificationclick', (event) => {
  const { action, notification, waitUntil } = event as WorkerClickEvent;
  notification.close();
  const { page, gauge } = notification.data;
  const opened = () => worker.clients.openWindow(new URL(page, scope).href);
  waitUntil.call(event, action === 'stop' ? stopFollowing(gauge) : opened());
});

async function stopFollowing(gauge: string): Promise<void> {
  const subscription = await worker.registration.pushManager.getSubscription();
  if (!subscription) return;
  await fetch(new URL('v1/push/end', scope), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ endpoint: subscription.endpoint, gauge }),
  });
}
