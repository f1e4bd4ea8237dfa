/**
 * The language of a page: which was chosen, and the words of the page's own markup.
 *
 * Shared by all pages of the staff. The markup names its word in `data-word`, its label in `data-label`.
 * Invariant: the choice is remembered for all pages of this browser.
 */
import { type Language, loadWords, type Speech } from './state/words/speech.ts';
import type { Word } from './state/words/words-id.ts';
import { setAttribute, setText } from './views/dom.ts';

const STORED_AS = 'siaga-language';

export function readLanguage(): Language {
  const stored = localStorage.getItem(STORED_AS) ?? navigator.language;
  return stored.startsWith('en') ? 'en' : 'id';
}

/** The words of the language that was chosen. Before any speech is made. */
export function loadLanguage(): Promise<void> {
  return loadWords(readLanguage());
}

/**
 * Calls back with the language whose button was pressed last, once its words are here. Offline the page speaks on as
 * it does.
 */
export function listenForLanguage(onChosen: (language: Language) => void): void {
  let pressed: Language | undefined;
  const speak = async (language: Language) => {
    pressed = language;
    await loadWords(language);
    if (pressed !== language) return;
    localStorage.setItem(STORED_AS, language);
    onChosen(language);
  };
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    button.addEventListener('click', () => {
      speak(button.dataset['language'] === 'en' ? 'en' : 'id').catch(() => undefined);
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
