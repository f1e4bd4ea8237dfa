/** What the answers have named, so that the fuzzer asks for what is there. */
import type { Dice } from './hostile.ts';

/** Ids of answers that are kept to ask for again. */
const MAX_KNOWN = 200;

export interface Memory {
  words: string[];
  numbers: number[];
}

/** Of each resource, such as all calls about alerts, what its answers have named. */
export function createMemory() {
  const byResource = new Map<string, Memory>();
  return {
    of(place: string): Memory {
      const resource = place.split('/')[2] ?? '';
      const memory = byResource.get(resource) ?? { words: [], numbers: [] };
      byResource.set(resource, memory);
      return memory;
    },
  };
}

/** Ids in an answer: what is asked for next may be there. */
export function learn(body: string, known: Memory, dice: Dice): void {
  for (const [, identifier] of body.matchAll(/\/v1\/cap\/([^"<?]{1,200})/g)) {
    remember(known.words, identifier as string, dice);
  }
  for (const [, key, text, digits] of body
    .slice(0, 20_000)
    .matchAll(/"(id|unit|identifier|device|unitVersion|alias|next)":(?:"([^"\\]{1,200})"|(\d{1,9}))/g)) {
    if (text !== undefined && key !== 'next') remember(known.words, text, dice);
    if (digits !== undefined) remember(known.numbers, Number(digits), dice);
  }
}

function remember<T>(list: T[], value: T, dice: Dice): void {
  if (list.includes(value)) return;
  if (list.length < MAX_KNOWN) list.push(value);
  else list[dice.int(MAX_KNOWN)] = value;
}
