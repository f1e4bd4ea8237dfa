/**
 * What an import read, joined, judged and left out: counted by words, printed, and kept in the road file.
 *
 * Invariant: bounded. Beyond MAX_WORDS different words of one kind (tags are free text) the rest is counted together.
 */

/**
 * `read` holds, `judged` is a guess on the safe side that a mapper could settle, `left-out` is not in the network, and
 * `unknown` is what this file cannot say.
 */
export type Finding = 'read' | 'judged' | 'left out' | 'unknown';

const ORDER: readonly Finding[] = ['read', 'judged', 'left out', 'unknown'];
const MAX_WORDS = 60;
const MAX_WORDS_LENGTH = 160;
const OTHERS = 'other reasons';

/** Who reads takes notes. */
export interface Notes {
  note(finding: Finding, words: string, count?: number): void;
}

/** The same words once, however often they come up: a way is read for each vehicle and direction. */
export function onceEach(notes: Notes): Notes {
  const said = new Set<string>();
  return {
    note(finding, words, count) {
      if (said.has(`${finding} ${words}`)) return;
      said.add(`${finding} ${words}`);
      notes.note(finding, words, count);
    },
  };
}

export class ImportReport implements Notes {
  readonly #counts = new Map<Finding, Map<string, number>>(ORDER.map((finding) => [finding, new Map()]));

  note(finding: Finding, words: string, count = 1): void {
    if (count === 0) return;
    const counts = this.#counts.get(finding) as Map<string, number>;
    const short = words.slice(0, MAX_WORDS_LENGTH);
    const key = counts.has(short) || counts.size < MAX_WORDS ? short : OTHERS;
    counts.set(key, (counts.get(key) ?? 0) + count);
  }

  countOf(finding: Finding, words: string): number {
    return this.#counts.get(finding)?.get(words) ?? 0;
  }

  /** "left out: 12 × highway=steps", the most frequent of each kind first. */
  lines(): string[] {
    return ORDER.flatMap((finding) =>
      [...(this.#counts.get(finding) as Map<string, number>)]
        .sort((a, b) => b[1] - a[1])
        .map(([words, count]) => `${finding}: ${count} × ${words}`),
    );
  }
}
