/**
 * What the page of the city asks of the API: lists, forms, entries with their versions, changes, trials.
 *
 * Invariant: a change or removal says which version was seen, so that nobody's work is overwritten.
 */
import type { Answer, PartOf } from '../state/api/answer-shapes.ts';
import type { ApiClient } from '../state/api/api-client.ts';
import type { Entry } from './entry-values.ts';

export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  /** What holds where nothing is said, of a field that stays absent. */
  readonly usual?: boolean;
  /** For people, where the field's name says too little. */
  readonly title?: string;
  readonly description?: string;
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: unknown;
  readonly minimum?: number;
}

export type Reference = Answer<'EntryFormReference'>;

/** The schema of an entry is data to the document: form-fields.ts reads what it knows of it. */
export type Form = Omit<Answer<'EntryForm'>, 'schema'> & { readonly schema: JsonSchema };
export type Rule = Answer<'DescribeEntriesRule'>;
export type Forms = PartOf<
  Answer<'DescribeEntriesAnswer'>,
  { readonly forms: readonly Form[]; readonly rules: readonly Rule[] }
>;

export type Listed = Answer<'ListedEntry'>;
export type Change = Answer<'CityChange'>;
export type SeedDifference = Answer<'SeedDifference'>;
export type TriedAlert = Answer<'TriedAlert', 'startedAt' | 'endedAt' | 'highestSeverity'>;
export type Trial = Answer<
  'ChangeTrial',
  'days' | 'devices' | 'readings' | 'before' | 'after' | 'rules' | 'alerts' | 'leftOut'
>;

/** One reason why a change was refused. The document leaves open what a problem says besides. */
export interface EditProblem {
  readonly entry: string;
  readonly reason: string;
  readonly remedy?: string;
  readonly fields?: readonly string[];
}

export interface Versioned {
  readonly entry: Entry;
  readonly etag: string;
}

const PAGE = 200;
/** The server gives up before. */
const TRIAL_WITHIN_MS = 200_000;

export function createCityCalls(client: ApiClient) {
  const entryPath = (path: string, id: string) => `v1/${path}/${encodeURIComponent(id)}`;
  return {
    forms: () => client.get<Forms>('v1/entries/forms'),
    list: (list: string, q: string, kind?: string) => {
      const query = new URLSearchParams({
        list,
        limit: String(PAGE),
        ...(q ? { q } : {}),
        ...(kind ? { kind } : {}),
      });
      return client.get<Answer<'ListEntriesAnswer', 'entries' | 'total'>>(`v1/entries?${query}`);
    },
    async read(path: string, id: string): Promise<Versioned> {
      const { body, etag } = await client.send<Entry>('GET', `${entryPath(path, id)}/entry`);
      return { entry: body, etag };
    },
    add: (path: string, entry: Entry) =>
      client.send<Answer<'CityEntryChanged', 'change'>>('POST', `v1/${path}`, { body: entry }),
    change: (path: string, id: string, patch: object, ifMatch: string) =>
      client.send<Answer<'CityEntryChanged', 'change'>>('PATCH', entryPath(path, id), {
        body: patch,
        ifMatch,
      }),
    remove: (path: string, id: string, ifMatch: string) =>
      client.send<Answer<'CityEntryChanged', 'change'>>('DELETE', entryPath(path, id), { ifMatch }),
    changes: (query: Readonly<Record<string, string>>) =>
      client.get<Answer<'ListChangesAnswer'>>(`v1/changes?${new URLSearchParams(query)}`),
    undo: (id: number) => client.send<Change>('POST', `v1/changes/${id}/undo`),
    differences: () => client.get<Answer<'ListDifferencesAnswer'>>('v1/entries/differences'),
    async tryOut(list: string, id: string, entry: Entry, days: number): Promise<Trial> {
      const body = { list, id, entry, days };
      return (await client.send<Trial>('POST', 'v1/backtests/changes', { body, withinMs: TRIAL_WITHIN_MS }))
        .body;
    },
  };
}
export type CityCalls = ReturnType<typeof createCityCalls>;
