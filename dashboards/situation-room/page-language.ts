/**
 * The language of a page: which was chosen, and the words of the page's own markup.
 *
 * Shared by all pages of the staff. The markup names its word in `data-word`, its label in `data-label`.
 * Invariant: the choice is remembered for all pages of this browser.
 */
import type { Language, Speech } from './state/words/speech.ts';
import type { Word } from './state/words/words-id.ts';
import { setAttribute, setText } from './views/dom.ts';

const STORED_AS = 'siaga-language';

export function readLanguage(): Language {
  const stored = localStorage.getItem(STORED_AS) ?? navigator.language;
  return stored.startsWith('en') ? 'en' : 'id';
}

/** Calls back with the language whose button was pressed. */
export function listenForLanguage(onChosen: (language: Language) => void): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    button.addEventListener('click', () => {
      const language: Language = button.dataset['language'] === 'en' ? 'en' : 'id';
      localStorage.setItem(STORED_AS, language);
      onChosen(language);
    });
  }
}

export function speakMarkup(speech: Speech): void {
  document.documentElement.lang = speech.language;
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    setText(element, speech.word(element.dataset['word'] as Word));
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]')) {
    setAttribute(element, 'aria-label', speech.word(element.dataset['label'] as Word));
  }
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    setAttribute(button, 'aria-pressed', button.dataset['language'] === speech.language ? 'true' : 'false');
  }
}
