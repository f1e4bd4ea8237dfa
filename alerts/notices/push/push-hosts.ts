/**
 * Where Web Push may send to: the push services of the browsers, and what the operator adds.
 *
 * A browser names the address that we are to call, so that a stranger could name one of our own network. Invariant:
 * only https, only port 443, only hosts below a known name; an address in numbers or a port only where PUSH_HOSTS
 * names exactly that.
 */

/** Chrome and Android, Firefox, Safari, Edge. Hosts are these or end in a dot and these. */
const KNOWN_HOSTS = [
  'fcm.googleapis.com',
  'push.services.mozilla.com',
  'push.apple.com',
  'notify.windows.com',
] as const;
/** Of FCM and Mozilla some 200 to 400 characters. */
export const MAX_ENDPOINT_CHARACTERS = 1_000;

/** Whether an endpoint may be called. `extra` is PUSH_HOSTS: names, or `host:port`. */
export function isPushEndpoint(endpoint: string, extra: readonly string[]): boolean {
  if (endpoint.length > MAX_ENDPOINT_CHARACTERS) return false;
  const url = URL.parse(endpoint);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  if (extra.includes(url.host)) return true;
  if (url.port !== '' || /^[\d.]+$|^\[/.test(url.hostname)) return false;
  return [...KNOWN_HOSTS, ...extra].some(
    (host) => url.hostname === host || url.hostname.endsWith(`.${host}`),
  );
}
