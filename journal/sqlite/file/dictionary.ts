/**
 * The journal's dictionary: names that its records give as numbers, so that no text is written for each reading.
 * Invariant: it only grows; a number is never used for another name.
 */
export interface DictionaryDevice {
  readonly city: string;
  readonly kind: string;
  readonly device: string;
}

/** A quantity of a kind; one that is a word and one that is a number are two columns. */
export interface DictionaryColumn {
  readonly kind: string;
  readonly name: string;
  readonly isWord: boolean;
}

/** Entries of a dictionary in the order of their numbers; of an addition, those that follow what was known. */
export interface Dictionary {
  readonly devices: DictionaryDevice[];
  readonly columns: DictionaryColumn[];
  readonly words: string[];
}

export const EMPTY_DICTIONARY: Dictionary = { devices: [], columns: [], words: [] };
