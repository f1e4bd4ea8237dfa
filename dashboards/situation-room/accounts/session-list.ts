/** A list of sessions: which browser, since when, and a button that ends it. */
import { createKeyedList, html, setText } from '../views/dom.ts';
import type { Session } from './accounts-calls.ts';
import type { AccountsSpeech } from './accounts-speech.ts';
import { nameBrowser } from './name-browser.ts';

export interface SessionLine {
  readonly session: Session;
  readonly speech: AccountsSpeech;
  readonly nowMs: number;
}

export function createSessionList(parent: Element, onEnd: (session: Session) => void) {
  return createKeyedList<SessionLine>(
    parent,
    ({ session }) => String(session.id),
    (first) => {
      let { session } = first;
      const [words, times] = [html('b'), html('span', { class: 'age' })];
      const end = html('button', { type: 'button', class: 'end' });
      end.addEventListener('click', () => onEnd(session));
      return {
        element: html('li', {}, html('div', {}, words, ' ', times), end),
        update(line) {
          ({ session } = line);
          const { speech } = line;
          setText(words, describe(line));
          setText(times, describeTimes(line));
          setText(end, speech.word('endSession'));
          end.setAttribute('aria-label', `${speech.word('endSession')}: ${describe(line)}, ${session.name}`);
        },
      };
    },
  );
}

function describe({ session, speech }: SessionLine): string {
  const notes = [
    ...(session.by === 'token' ? [`${speech.word('byToken')} ${session.name}`] : []),
    ...(session.isThis ? [speech.word('thisBrowser')] : []),
  ];
  const browser = nameBrowser(session.agent) ?? speech.word('unknownBrowser');
  return notes.length === 0 ? browser : `${browser} (${notes.join(', ')})`;
}

function describeTimes({ session, speech, nowMs }: SessionLine): string {
  const ago = (time: string) => `${speech.age(nowMs - Date.parse(time))} ${speech.word('ago')}`;
  const until = Date.parse(session.expiresAt);
  return [
    `${speech.word('sessionSince')} ${ago(session.createdAt)}`,
    `${speech.word('sessionUsed')} ${ago(session.usedAt)}`,
    `${speech.word('sessionUntil')} ${speech.date(until)}`,
  ].join(' · ');
}
