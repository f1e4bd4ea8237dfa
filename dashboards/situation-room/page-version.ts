/**
 * Whether the server has a newer page: a wall's screen is never reloaded by hand.
 *
 * Asked when the stream starts anew, which it does after each restart of the server. Invariant: the page
 * reloads at most once for a version, so that a server that contradicts itself cannot make it flicker.
 */
const RELOADED_FOR = 'siaga-reloaded-for';

/** Whether the page at `base` names another version than this module was loaded with. */
export async function isNewer(base: string): Promise<boolean> {
  return (await readNewer(base)) !== undefined;
}

/** Reloads when `base` names another version than this module was loaded with. */
export async function reloadIfNewer(base: string): Promise<void> {
  const theirs = await readNewer(base);
  if (theirs === undefined || sessionStorage.getItem(RELOADED_FOR) === theirs) return;
  sessionStorage.setItem(RELOADED_FOR, theirs);
  location.reload();
}

async function readNewer(base: string): Promise<string | undefined> {
  const mine = /\/room\/([^/]+)\//.exec(import.meta.url)?.[1];
  const response = await fetch(base, { method: 'HEAD', cache: 'no-store' });
  const theirs = /^(?:W\/)?"([^"]+)"$/.exec(response.headers.get('etag') ?? '')?.[1];
  return !response.ok || theirs === mine ? undefined : theirs;
}
