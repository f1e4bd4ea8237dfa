import { expect, test } from 'vitest';
import {
  createDraftKeeper,
  EMPTY_DRAFT,
} from '../../../../dashboards/situation-room/state/dispatch/call-draft.ts';

/** As a tab's session storage: it outlasts what reads it. */
function openStore() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
    removeItem: (name: string) => void kept.delete(name),
  };
}

function openKeeper(store = openStore()) {
  let made = 0;
  return createDraftKeeper(store, () => `key ${++made}`);
}

test('a draft is there again after a reload, and gone once it is forgotten', () => {
  const store = openStore();
  const draft = { ...EMPTY_DRAFT, place: 'Simpang Lima', note: 'dua orang' };
  openKeeper(store).write(draft);
  const reloaded = openKeeper(store);
  expect(reloaded.read()).toEqual(draft);
  reloaded.forget();
  expect(reloaded.read()).toBeUndefined();
});

test('the same call keeps its key through a reload; a changed call and the next one have others', () => {
  const store = openStore();
  const keeper = openKeeper(store);
  keeper.write({ ...EMPTY_DRAFT, place: 'Simpang Lima' });
  const first = keeper.keyFor('a call');
  keeper.write({ ...EMPTY_DRAFT, place: 'Simpang Lima', note: 'more' });
  expect(createDraftKeeper(store, () => 'another').keyFor('a call')).toBe(first);
  expect(keeper.keyFor('a changed call')).not.toBe(first);
  keeper.forget();
  expect(keeper.keyFor('a call')).not.toBe(first);
});

test('what another version of the page has kept is dropped and not shown half', () => {
  const store = openStore();
  store.setItem('siaga-call-draft', '{"draft":');
  expect(openKeeper(store).read()).toBeUndefined();
  store.setItem('siaga-call-draft', '{"draft":{"place":"Simpang Lima"}}');
  expect(openKeeper(store).read()).toEqual({ ...EMPTY_DRAFT, place: 'Simpang Lima' });
});
