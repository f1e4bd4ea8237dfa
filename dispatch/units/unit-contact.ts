/**
 * Whether a unit can be told something now: its connection, apart from when it was last heard.
 *
 * A unit whose socket is open may have said nothing for minutes, and one that was heard a second ago may be gone.
 * Asked by the recommendation. Invariant: the two are never derived from each other.
 */
import type { CrewLink } from '../words/crew-links.ts';
import { formatAge } from '../words/word-view.ts';

/** Until somebody has called a crew by radio that its device does not tell: about the warning of an order. */
export const NOT_CONNECTED_S = 60;

export interface Contact {
  /** Its connection is open and listens to commands: it is told at once. */
  readonly isTold: boolean;
  readonly connectedSinceMs: number | null;
  readonly lastConnectedMs: number | null;
  /** Of the newest reading, by the device's clock. */
  readonly lastWordMeasuredMs: number | null;
}

export function describeContact(link: CrewLink, lastWordMeasuredMs: number | undefined): Contact {
  return {
    isTold: link.isListening,
    connectedSinceMs: link.connectedSinceMs ?? null,
    lastConnectedMs: link.lastConnectedMs ?? null,
    lastWordMeasuredMs: lastWordMeasuredMs ?? null,
  };
}

/** "not connected since 09:30:05, 40 s ago"; undefined where it can be told. */
export function explainContact(contact: Contact, nowMs: number, timeZone: string): string | undefined {
  const { isTold, connectedSinceMs, lastConnectedMs } = contact;
  if (isTold) return undefined;
  if (connectedSinceMs !== null) return 'connected, and does not listen to commands';
  if (lastConnectedMs === null) return 'not connected since this server started';
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' }).format(lastConnectedMs);
  return `not connected since ${clock}, ${formatAge(nowMs - lastConnectedMs)} ago`;
}
