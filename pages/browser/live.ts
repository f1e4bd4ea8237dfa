/**
 * What JavaScript adds to a public page: it keeps itself new, says its age without a network, and finds what is near.
 *
 *   an alert in the stream, a minute gone, the page seen again → the same page fetched → parts that differ replaced
 *
 * Invariants: a page that cannot be renewed says how old it is; three fetches at once, then at most one in 30 s, and
 * none while nobody looks, so that an hour takes less than a megabyte; what a person has opened or focused stays so.
 */
import { offerFollowing } from './follow.ts';
import { offerNearMe, sortNearMe } from './near.ts';
import { trust } from './trusted.ts';

const RENEW_MS = 60_000;
/** The server shows all readers one picture for 2 s: what an alert changed is in the next one. */
const RENEW_AFTER_MS = 2_500;
/** All that follow hear of an alert in one moment, and must not all come back in one. */
const RENEW_SPREAD_MS = 5_000;
const RENEWALS_AT_ONCE = 3;
const RENEW_AT_MOST_EACH_MS = 30_000;
const AGE_MS = 10_000;
const UNIT_MINUTES = { minute: 1, hour: 60, day: 1_440 } as const;

const root = new URL(document.body.dataset['root'] ?? './', document.baseURI);
let madeAtMs = Number(document.body.dataset['madeAt']);
/** The visitor's clock may be wrong: ages go by the server's, and by the time that has passed since. */
let skewMs = 0;
let isCutOff = false;
/** When it was renewed of late, oldest first; the page itself is the first. */
const renewals: number[] = [performance.now()];
let waiting: ReturnType<typeof setTimeout> | undefined;

async function renew(): Promise<void> {
  waiting = undefined;
  renewals.push(performance.now());
  if (renewals.length > RENEWALS_AT_ONCE) renewals.shift();
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } });
    const isKept = response.headers.get('x-kept') === 'yes';
    if (!response.ok || isKept) throw new Error(`${response.status}`);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isFinite(date)) skewMs = date - Date.now();
    take(new DOMParser().parseFromString(trust(await response.text()), 'text/html'));
    isCutOff = false;
  } catch {
    isCutOff = true;
  }
  showAge();
}

function take(fresh: Document): void {
  madeAtMs = Number(fresh.body.dataset['madeAt']);
  for (const part of fresh.querySelectorAll<HTMLElement>('[data-live]')) {
    const known = document.getElementById(part.id);
    if (!known) continue;
    for (const details of known.querySelectorAll<HTMLDetailsElement>('details[open]')) {
      const same = part.querySelector<HTMLDetailsElement>(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
    if (known.innerHTML === part.innerHTML) continue;
    const focused = known.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).getAttribute('href')
      : null;
    known.replaceWith(document.adoptNode(part));
    if (focused !== null) part.querySelector<HTMLElement>(`[href="${CSS.escape(focused)}"]`)?.focus();
  }
  sortNearMe();
}

function renewSoon(): void {
  if (waiting !== undefined || document.hidden) return;
  const oldest = renewals.length < RENEWALS_AT_ONCE ? Number.NEGATIVE_INFINITY : (renewals[0] as number);
  const allowedAtMs = oldest + RENEWALS_AT_ONCE * RENEW_AT_MOST_EACH_MS;
  const pause = Math.max(RENEW_AFTER_MS + Math.random() * RENEW_SPREAD_MS, allowedAtMs - performance.now());
  waiting = setTimeout(() => void renew(), pause);
}

function showAge(): void {
  const line = document.getElementById('offline');
  if (!line) return;
  line.hidden = !isCutOff;
  if (!isCutOff) return;
  const minutes = Math.max(1, Math.round((Date.now() + skewMs - madeAtMs) / 60_000));
  const unit = minutes < 120 ? 'minute' : minutes < 2_880 ? 'hour' : 'day';
  const age = new Intl.NumberFormat(document.documentElement.lang, {
    ...{ style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 },
  }).format(minutes / UNIT_MINUTES[unit]);
  const text = (document.body.dataset['offline'] ?? '').replace('{age}', age);
  if (line.textContent !== text) line.textContent = text;
}

/** The browser opens it again by itself; it is closed while nobody looks. */
let stream: EventSource | undefined;
function follow(): void {
  if (document.hidden) {
    stream?.close();
    stream = undefined;
    return;
  }
  if (stream) return;
  stream = new EventSource(new URL('v1/stream?types=alert&brief=true', root));
  stream.addEventListener('alert', renewSoon);
  stream.addEventListener('reset', renewSoon);
}

follow();
document.addEventListener('visibilitychange', () => {
  follow();
  if (performance.now() - (renewals.at(-1) ?? 0) > RENEW_MS) renewSoon();
});
addEventListener('online', renewSoon);
addEventListener('offline', () => {
  isCutOff = true;
  showAge();
});
setInterval(renewSoon, RENEW_MS);
setInterval(showAge, AGE_MS);
offerNearMe();
// What the worker had kept says its age, and is renewed at once where there may be a network.
isCutOff = !navigator.onLine;
showAge();
if (Math.abs(Date.now() - madeAtMs) > RENEW_MS) void renew();
if ('serviceWorker' in navigator) {
  // Without it the pages work all the same: a browser may refuse workers, in a private window or without TLS.
  navigator.serviceWorker
    .register(trust.url(new URL('service-worker.js', root).href), { scope: root.pathname })
    .then(() => offerFollowing(root))
    .catch(() => undefined);
}
