/**
 * What is typed of an entry and not saved yet, kept with each key press, with the version that it began with.
 *
 * In the tab's session storage: it outlasts a reload and a restart of the server. Invariant: a draft keeps the version
 * that its person has seen, so that what somebody else saved meanwhile is noticed.
 */
import type { Entry } from './entry-values.ts';

export interface Draft {
  readonly value: Entry;
  /** What it began with; of a new entry, nothing. */
  readonly base: Entry;
  readonly etag: string;
}

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface Drafts {
  read(key: string): Draft | undefined;
  write(key: string, draft: Draft): void;
  forget(key: string): void;
}

const PREFIX = 'siaga-city-draft:';

export function createDrafts(store: Store): Drafts {
  return {
    read(key) {
      const text = store.getItem(PREFIX + key);
      if (text === null) return undefined;
      try {
        return JSON.parse(text) as Draft;
      } catch {
        // Of another version of the page: not ours to understand.
        store.removeItem(PREFIX + key);
        return undefined;
      }
    },
    write: (key, draft) => store.setItem(PREFIX + key, JSON.stringify(draft)),
    forget: (key) => store.removeItem(PREFIX + key),
  };
}
