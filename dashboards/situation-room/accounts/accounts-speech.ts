/** The speech of the pages of accounts: the words that all pages have, and their own. */
import { createSpeech, type Language, type Speech } from '../state/words/speech.ts';
import { englishOfAccounts } from './words-en.ts';
import { type AccountsWord, indonesianOfAccounts } from './words-id.ts';

export type AccountsSpeech = Speech<AccountsWord>;

export function createAccountsSpeech(language: Language, timeZone: string): AccountsSpeech {
  return createSpeech(language, timeZone, { id: indonesianOfAccounts, en: englishOfAccounts });
}
