/**
 * judgeEdits: what a change would make of a city, and what is wrong with it, in the sentences of `check`.
 *
 * Between whoever wants to change something (API, command line, import) and city-book.ts, which writes. Invariant: a
 * change is refused for the problems that it makes and never for those that were there before it.
 */

import { isRiverGauge } from '../devices/kinds/river-gauge.ts';
import { formatPath } from './city.ts';
import { crossCheck, type JudgedCity } from './cross-check.ts';
import type { City } from './entries.ts';
import { ENTRY_SCHEMAS, type Entry, type EntryList, keyOf, type LaidEntry, layOver } from './overlay.ts';
import { findFields, findRemedy } from './remedies.ts';

/** What somebody wants to stand in a list; `entry` is as it came, and null where it is to be gone. */
export interface Edit {
  readonly list: EntryList;
  readonly id: string;
  readonly entry: unknown;
}

export interface EditProblem {
  /** `devices.gauge-1.lat`. */
  readonly entry: string;
  readonly reason: string;
  readonly remedy?: string;
  /** Which of the entry's fields is meant, where the sentence is of the entry as a whole; for forms. */
  readonly fields?: readonly string[];
}

export interface Judgement {
  readonly city: City;
  readonly laid: readonly LaidEntry[];
  readonly problems: readonly EditProblem[];
}

export function judgeEdits(before: City, edits: readonly Edit[]): Judgement {
  const laid: LaidEntry[] = [];
  const sentences: string[] = [];
  for (const edit of edits) {
    const parsed = parseEdit(edit);
    if (parsed.entry !== undefined) laid.push({ ...edit, entry: parsed.entry });
    sentences.push(...parsed.sentences);
  }
  const city = layOver(before, laid);
  const known = new Set(crossCheck(judgedCity(before)));
  for (const sentence of crossCheck(judgedCity(city))) if (!known.has(sentence)) sentences.push(sentence);
  return { city, laid, problems: sentences.map(toProblem) };
}

/** The entry as the city holds it, with what is ordinary filled in; undefined where it is none. */
export function parseEdit({ list, id, entry }: Edit): { entry?: Entry | null; sentences: string[] } {
  if (entry === null) return { entry: null, sentences: [] };
  const { data, error } = ENTRY_SCHEMAS[list].safeParse(entry);
  const whole = { [list]: [list === 'alertRules' ? { id, ...(entry as object) } : entry] };
  const sentences = (error?.issues ?? []).map(
    (issue) => `${formatPath(whole, [list, 0, ...issue.path])}: ${issue.message}`,
  );
  if (!data) return { sentences };
  const key = keyOf(list, data as Entry);
  if (key !== id) return { sentences: [`${list}.${id}: the id cannot be changed to ${key}`] };
  return { entry: data as Entry, sentences };
}

export function toProblem(sentence: string): EditProblem {
  const at = sentence.indexOf(': ');
  const reason = sentence.slice(at + 2);
  const remedy = findRemedy(reason);
  const fields = findFields(reason);
  return {
    ...{ entry: sentence.slice(0, at), reason },
    ...(remedy === undefined ? {} : { remedy }),
    ...(fields === undefined ? {} : { fields }),
  };
}

export function formatEditProblem({ entry, reason, remedy }: EditProblem): string {
  return `${entry}: ${reason}${remedy === undefined ? '' : `\n    → ${remedy}`}`;
}

/** A whole city that has been parsed: its entries are valid by themselves. */
function judgedCity(city: City): JudgedCity {
  const { bounds, rivers, devices, uplinks, channels, bases, hospitals, kecamatan, roads } = city;
  const junctions = roads?.junctions ?? [];
  const ids = (list: readonly { readonly id: string }[]) => new Set(list.map(({ id }) => id));
  return {
    bounds,
    entries: { rivers, devices, uplinks, channels, bases, hospitals, kecamatan, junctions },
    roads: roads?.roads ?? [],
    ids: {
      ...{ rivers: ids(rivers), devices: ids(devices), gauges: ids(devices.filter(isRiverGauge)) },
      ...{ uplinks: ids(uplinks), channels: ids(channels), bases: ids(bases), hospitals: ids(hospitals) },
      ...{ kecamatan: ids(kecamatan), junctions: ids(junctions) },
    },
  };
}
