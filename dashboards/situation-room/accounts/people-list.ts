/** The people who may sign in: role, link, sessions, and what an administrator does with them. */
import { byId, createKeyedList, html, setText } from '../views/dom.ts';
import type { Person, Session } from './accounts-calls.ts';
import type { AccountsSpeech } from './accounts-speech.ts';
import { createSessionList } from './session-list.ts';

export interface PersonLine {
  readonly person: Person;
  readonly sessions: readonly Session[];
  readonly speech: AccountsSpeech;
  readonly nowMs: number;
}

export interface PeopleActions {
  change(person: Person): void;
  newLink(person: Person): void;
  withdrawLink(person: Person): void;
  remove(person: Person): void;
  endSession(session: Session): void;
}

export function createPeopleList(actions: PeopleActions) {
  return createKeyedList<PersonLine>(
    byId('people'),
    ({ person }) => String(person.id),
    (first) => createPersonView(first.person, actions),
  );
}

function createPersonView(first: Person, actions: PeopleActions) {
  let person = first;
  const button = (act: (person: Person) => void) => {
    const element = html('button', { type: 'button' });
    element.addEventListener('click', () => act(person));
    return element;
  };
  const [name, state] = [html('h3'), html('span', { class: 'age' })];
  const change = button(actions.change);
  const newLink = button(actions.newLink);
  const withdraw = button(actions.withdrawLink);
  const remove = button(actions.remove);
  const list = html('ul', { class: 'sessions' });
  const sessions = createSessionList(list, actions.endSession);
  const head = html(
    'div',
    { class: 'person-head' },
    html('div', {}, name, state),
    change,
    newLink,
    withdraw,
    remove,
  );
  const label = (element: HTMLElement, text: string) => {
    setText(element, text);
    element.setAttribute('aria-label', `${text}: ${person.name}`);
  };
  return {
    element: html('li', {}, head, list),
    update(line: PersonLine) {
      ({ person } = line);
      const { speech, nowMs } = line;
      setText(name, person.name);
      setText(state, describe(line));
      label(change, speech.word('changePerson'));
      label(newLink, speech.word('newLink'));
      label(withdraw, speech.word('withdrawLink'));
      label(remove, speech.word('removePerson'));
      withdraw.hidden = person.invitedUntil === undefined;
      list.hidden = line.sessions.length === 0;
      sessions.update(line.sessions.map((session) => ({ session, speech, nowMs })));
    },
  };
}

function describe({ person, sessions, speech }: PersonLine): string {
  const parts = [speech.wordOr(`role_${person.role}`)];
  if (person.invitedUntil !== undefined) {
    const until = Date.parse(person.invitedUntil);
    parts.push(`${speech.word('invitedUntil')} ${speech.date(until)} ${speech.shortTime(until)}`);
  } else if (sessions.length === 0) parts.push(speech.word('notSignedIn'));
  return parts.join(' · ');
}
