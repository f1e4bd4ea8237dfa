/**
 * The call that is being taken, kept with each key press, so that nothing typed is lost.
 *
 * In the tab's session storage: it outlasts a reload, a crash of the page and a restart of the server, and is gone
 * with the tab, as a caller's name must be. Invariant: the key by which the API knows a call again is kept with it.
 */
export interface CallDraft {
  readonly place: string;
  readonly detail: string;
  readonly category: string;
  readonly priority: '1' | '2' | '3';
  readonly needsTransport: boolean;
  readonly patients: string;
  readonly callerName: string;
  readonly callerPhone: string;
  readonly note: string;
}

export const EMPTY_DRAFT: CallDraft = Object.freeze({
  ...{ place: '', detail: '', category: '', priority: '2', needsTransport: false },
  ...{ patients: '', callerName: '', callerPhone: '', note: '' },
});

interface Kept {
  readonly draft: CallDraft;
  /** The last deed that was tried with it, and its key. */
  readonly deed?: { readonly deed: string; readonly key: string };
}

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
const STORED_AS = 'siaga-call-draft';

export interface DraftKeeper {
  /** Undefined while no call is being taken. */
  read(): CallDraft | undefined;
  write(draft: CallDraft): void;
  /** The same key for the same deed, also after a reload, until the draft is forgotten. */
  keyFor(deed: string): string;
  forget(): void;
}

export function createDraftKeeper(store: Store, makeKey: () => string): DraftKeeper {
  const read = (): Kept | undefined => {
    const text = store.getItem(STORED_AS);
    if (text === null) return undefined;
    try {
      const kept = JSON.parse(text) as Kept;
      return { ...kept, draft: { ...EMPTY_DRAFT, ...kept.draft } };
    } catch {
      // Of another version of the page: not ours to understand.
      store.removeItem(STORED_AS);
      return undefined;
    }
  };
  const write = (kept: Kept) => store.setItem(STORED_AS, JSON.stringify(kept));
  return {
    read: () => read()?.draft,
    write: (draft) => write({ ...read(), draft }),
    keyFor(deed) {
      const kept = read() ?? { draft: EMPTY_DRAFT };
      if (kept.deed?.deed === deed) return kept.deed.key;
      const key = makeKey();
      write({ ...kept, deed: { deed, key } });
      return key;
    },
    forget: () => store.removeItem(STORED_AS),
  };
}
