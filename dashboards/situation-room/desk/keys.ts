/**
 * The keys of the desk in one table, which the page shows with `?`.
 *
 * Invariant: what stands in the table is what main.ts and the panel listen for, and what their buttons say.
 */

import { DEED_KEYS } from '../state/dispatch/deeds.ts';
import type { Speech } from '../state/words/speech.ts';
import type { Word } from '../state/words/words-id.ts';
import { byId, html } from '../views/dom.ts';

const KEYS: readonly (readonly [keys: string, word: Word])[] = [
  ['N', 'keyNew'],
  ['J  K', 'keyNext'],
  ['Enter  1–9', 'keySend'],
  ['Enter  Ctrl+Enter', 'keyForm'],
  ['F2  F4  F8', 'keyNoCall'],
  ['H', 'keyHospital'],
  ['M', 'addNote'],
  ['E', 'correctPlace'],
  ['G', 'merge'],
  ['C', 'keyClose'],
  ['B', 'keyBoard'],
  ['P', 'keyMap'],
  ['L', 'layerCalls'],
  ['V', 'layerCoverage'],
  ['Q', 'keyAlarm'],
  ['Esc', 'keyEscape'],
  ['?', 'keyHelp'],
];

export function createKeysDialog(): { open(speech: Speech): void } {
  const dialog = byId('keys-dialog') as HTMLDialogElement;
  byId('keys-close').addEventListener('click', () => dialog.close());
  return {
    open(speech) {
      const deeds = Object.values(DEED_KEYS).map(([key, word]) => [key.toUpperCase(), word] as const);
      const rows = [...KEYS.slice(0, 5), ...deeds, ...KEYS.slice(5)].flatMap(([keys, word]) => [
        html('dt', {}, ...keys.split('  ').map((key) => html('kbd', {}, key))),
        html('dd', {}, speech.word(word).replace(/ \(\w\):?$/, '')),
      ]);
      byId('keys-list').replaceChildren(...rows);
      dialog.showModal();
    },
  };
}
