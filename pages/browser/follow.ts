/**
 * "Follow this river": the browser asks its owner, subscribes at its push service, and tells the server what it wants.
 *
 * Invariants: nothing is asked before the button is tapped; what is ended here is deleted there, and the last one ends
 * the browser's subscription too. Browsers without push never see the section.
 */
import type { components } from '../../clients/typescript/generated/api.d.ts';

type Answers = components['schemas'];

const byId = (id: string) => document.getElementById(id) as HTMLElement;

export async function offerFollowing(root: URL): Promise<void> {
  const section = document.getElementById('follow');
  if (!section || !('serviceWorker' in navigator) || !('PushManager' in window)) return;
  const gauge = section.dataset['gauge'] ?? '';
  const least = byId('follow-least') as HTMLSelectElement;
  const { pushManager } = await navigator.serviceWorker.ready;
  let followed: Answers['PushFollowing']['following'] = [];
  const call = async (path: string, body?: object): Promise<unknown> => {
    const how = body && {
      ...{ method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    };
    const response = await fetch(new URL(`v1/push/${path}`, root), how);
    if (!response.ok) throw new Error(`${response.status}`);
    return response.json();
  };
  const show = (word?: string) => {
    const own = followed.find((each) => each.gauge === gauge);
    const state = word ?? (own ? (own.paused ? 'paused' : 'on') : '');
    byId('follow-state').textContent = section.dataset[state] ?? '';
    byId('follow-choice').hidden = byId('follow-start').hidden = own !== undefined;
    byId('follow-stop').hidden = !own;
    byId('follow-pause').hidden = !own || own.paused;
    byId('follow-resume').hidden = !own?.paused;
  };
  const change = async (path: string, body: object) => {
    const answer = (await call(path, body)) as Answers['PushFollowing'];
    followed = answer.following;
  };
  /** What was subscribed with the key of another server is of no use for this one. */
  const subscribe = async (): Promise<PushSubscription> => {
    const { publicKey } = (await call('key')) as Answers['GetPushKeyAnswer'];
    const wish = { userVisibleOnly: true, applicationServerKey: publicKey };
    return pushManager.subscribe(wish).catch(async (error: unknown) => {
      const other = await pushManager.getSubscription();
      if (!other) throw error;
      await other.unsubscribe();
      return pushManager.subscribe(wish);
    });
  };
  const start = async () => {
    if ((await Notification.requestPermission()) !== 'granted') return show('refused');
    const { endpoint, keys } = (await subscribe()).toJSON();
    const language = section.dataset['language'];
    await change('follow', { endpoint, keys, gauge, leastSeverity: least.value, language });
    show();
  };
  const tell = async (path: 'pause' | 'end', more: object) => {
    const subscription = await pushManager.getSubscription();
    if (!subscription) followed = [];
    else await change(path, { endpoint: subscription.endpoint, ...more });
    if (followed.length === 0) await subscription?.unsubscribe();
    show();
  };
  const on = (id: string, deed: () => Promise<void>) =>
    byId(id).addEventListener('click', () => void deed().catch(() => show('failed')));
  on('follow-start', start);
  on('follow-stop', () => tell('end', { gauge }));
  on('follow-pause', () => tell('pause', { paused: true }));
  on('follow-resume', () => tell('pause', { paused: false }));
  const known = await pushManager.getSubscription();
  if (known) await change('list', { endpoint: known.endpoint });
  section.hidden = false;
  show();
}
