/**
 * Port of a notice's way out: MQTT, webhook, e-mail, Telegram, Web Push, the CAP feed.
 *
 * Invariant: `send` resolves when the other side has taken the notice, and throws when it must be tried
 * again; the same key may be sent twice (a crash between sending and noting it), never silently lost.
 */
import type { Alert, LogEntry } from '../alert.ts';

export interface NoticeBody {
  readonly alert: Alert;
  readonly change: LogEntry['change'];
  /** What else the same storm brought since its last message: this one speaks for it as well. */
  readonly also: readonly { readonly alert: Alert; readonly change: LogEntry['change'] }[];
  /** Somebody had silenced it; it is told all the same. */
  readonly silencedBy: string | null;
  /** Sent again after a restart, for those who lost the retained message. */
  readonly repeated?: boolean;
}

export interface Notice {
  readonly id: number;
  readonly key: string;
  readonly channel: string;
  readonly createdAt: number;
  readonly body: NoticeBody;
}

export interface Channel {
  readonly name: string;
  /** Machines are told of every revision in order, people of what they must know, at a bounded rate. */
  readonly audience: 'machine' | 'people';
  /** Carries only what everybody may know. */
  readonly isPublic: boolean;
  /** Strangers say where it goes: what fails there is counted, and is no problem of Siaga's. */
  readonly isAddressedByStrangers?: boolean;
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

/** The other side will never take it: trying again is of no use. */
export class NoticeRefused extends Error {
  readonly code = 'NOTICE_REFUSED';
}
