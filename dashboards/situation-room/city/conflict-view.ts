/**
 * What a second editor is told: who changed the entry meanwhile, when, from what to what; what both have changed; and
 * the two ways on.
 *
 * Opened by entry-editor.ts when a version is no more. Invariant: nothing is decided here by itself; the form keeps
 * what was typed until a person has chosen.
 */
import { html } from '../views/dom.ts';
import type { Change, CityCalls, Form } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import { createDifferenceTable } from './difference-table.ts';
import { canonical, type Entry, listDifferences, rebase } from './entry-values.ts';

export interface Conflict {
  readonly base: Entry;
  readonly mine: Entry;
  /** Undefined where it was removed. */
  readonly theirs: Entry | undefined;
  /** The newest changes of the entry, the newest first. */
  readonly changes: readonly Change[];
}

/** Changes of one entry that are read for it. */
const CHANGES_SHOWN = '20';

/** What stands now, unless it is gone, and what was changed of it. */
export async function readConflict(calls: CityCalls, { path, list }: Form, id: string, isGone: boolean) {
  const [now, { changes }] = await Promise.all([
    isGone ? undefined : calls.read(path, id),
    calls.changes({ list, entry: id, limit: CHANGES_SHOWN }),
  ]);
  return { now, changes };
}

export interface ConflictWays {
  putMine(): void;
  takeTheirs(): void;
}

export function createConflictView(conflict: Conflict, speech: CitySpeech, ways: ConflictWays): HTMLElement {
  const { base, mine, theirs, changes } = conflict;
  const element = html('section', { class: 'conflict', role: 'alert', tabindex: -1 });
  element.append(html('h3', {}, speech.word(theirs ? 'conflict' : 'conflictGone')));
  for (const { actor, at, before, after } of changesSince(base, changes)) {
    element.append(html('p', {}, html('b', {}, actor), ` · ${speech.moment(at)}`));
    if (!before || !after) continue;
    const columns = { from: speech.word('before'), to: speech.word('after') };
    element.append(createDifferenceTable(listDifferences(before, after), columns, speech));
  }
  if (theirs) {
    const { both } = rebase(base, mine, theirs);
    element.append(html('p', {}, speech.word(both.length > 0 ? 'bothChanged' : 'noneBoth')));
    if (both.length > 0) {
      const of = (entry: Entry) => Object.fromEntries(both.map((name) => [name, entry[name]]));
      const columns = { from: speech.word('theirs'), to: speech.word('mine') };
      element.append(createDifferenceTable(listDifferences(of(theirs), of(mine)), columns, speech));
    }
  }
  const put = html(
    'button',
    { type: 'button', class: 'put-mine' },
    speech.word(theirs ? 'putMine' : 'addAgain'),
  );
  const take = html('button', { type: 'button', class: 'take-theirs' }, speech.word('takeTheirs'));
  put.addEventListener('click', ways.putMine);
  take.addEventListener('click', ways.takeTheirs);
  element.append(html('div', { class: 'deeds' }, put, take));
  return element;
}

/** Those after the version that one began with; all that are known where that version is not among them. */
function changesSince(base: Entry, changes: readonly Change[]): readonly Change[] {
  const seen = changes.findIndex(({ after }) => canonical(after) === canonical(base));
  return seen < 0 ? changes : changes.slice(0, seen);
}
