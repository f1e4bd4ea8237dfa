/**
 * `GET /v1/entries`: a city's lists for whoever edits them: search, what was changed, and where the folder says
 * otherwise than when an entry was changed.
 *
 * For engineers; an entry itself and its changes are in city-entries.ts, what a form of it holds in entry-forms.ts.
 * Invariant: a page is bounded, whatever the list.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  canonicalJson,
  ENTRY_LISTS,
  type Entry,
  type EntryList,
  entriesOf,
  indexEntries,
  keyOf,
} from '../../cities/overlay.ts';
import type { LiveRegistry } from '../../fleet/registry.ts';
import { cursorInput, formatNext, nextOutput } from '../border/cursor.ts';
import { limitInput } from '../border/text-input.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { entrySchema } from './city-entries.ts';
import { addDescribeForms } from './entry-forms.ts';

const ACCESS = { access: ['engineer'] } as const;
/** Of one answer; two entries each, some 2 KB. */
export const MAX_DIFFERENCES = 200;

const listed = z
  .object({
    id: z.string(),
    name: z.string().describe('Of parameters of a rule, their id.'),
    kind: z.string().nullable().describe('Of a device or a channel.'),
    origin: z
      .enum(['folder', 'changed', 'added'])
      .describe('As the folder has it, changed over it, or of no folder.'),
  })
  .meta({ id: 'ListedEntry' });
const kindSchema = z.string();
type Listed = Omit<z.infer<typeof listed>, 'origin'>;

export const entryListRoutes =
  (registry: LiveRegistry): FastifyPluginAsyncZod =>
  async (app) => {
    addListEntries(app, registry);
    addDescribeForms(app);
    addListDifferences(app, registry);
  };

function addListEntries(app: ZodApp, registry: LiveRegistry): void {
  const findSeed = indexEntries(registry.folder);
  // Ten thousand devices are put in order once for each value of their list.
  const ordered = new WeakMap<readonly Entry[], Listed[]>();
  const rowsOf = (list: EntryList): Listed[] => {
    const entries = entriesOf(registry.cityNow, list);
    const known = ordered.get(entries);
    if (known) return known;
    const bare = list === 'devices' ? [...registry.state.bare.values()] : [];
    const rows = [...entries, ...(bare as unknown as Entry[])]
      .map((entry) => toListed(list, entry))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    ordered.set(entries, rows);
    return rows;
  };
  const originOf = (list: EntryList, id: string) => {
    const seed = findSeed(list, id);
    if (!seed) return 'added' as const;
    const isSame = canonicalJson(seed) === canonicalJson(registry.state.findNow(list, id) ?? null);
    return isSame ? ('folder' as const) : ('changed' as const);
  };
  app.get(
    '/entries',
    {
      config: { ...ACCESS, isPaged: true },
      schema: {
        operationId: 'listEntries',
        tags: ['city'],
        summary: 'A list of the city for whoever edits it, by id',
        querystring: z.strictObject({
          list: z.enum(ENTRY_LISTS).describe('Places are `kecamatan`.').meta({ example: 'devices' }),
          q: z
            .string()
            .max(100)
            .describe('Only those with this text in id or name, in any case.')
            .meta({ example: 'kreo' })
            .optional(),
          kind: z
            .string()
            .max(64)
            .describe('Only those of this kind.')
            .meta({ example: 'river-gauge' })
            .optional(),
          after: z
            .string()
            .max(200)
            .describe('Those behind this id.')
            .meta({ example: 'kreo-cepoko' })
            .optional(),
          limit: limitInput(500, 100),
          cursor: cursorInput,
        }),
        response: { 200: z.object({ entries: z.array(listed), total: z.int(), next: nextOutput }) },
      },
    },
    async (request, reply) => {
      const { list, q, kind, after, limit } = request.query;
      const text = q?.toLowerCase();
      const found = rowsOf(list).filter(
        (row) =>
          (kind === undefined || kind === row.kind) &&
          (text === undefined || `${row.id}\n${row.name}`.toLowerCase().includes(text)),
      );
      const rest = after === undefined ? found : found.filter(({ id }) => id > after);
      const page = rest.slice(0, limit);
      const last = page.at(-1);
      const next = rest.length > limit && last ? formatNext(request, reply, { after: last.id }) : {};
      const entries = page.map((row) => ({ ...row, origin: originOf(list, row.id) }));
      return { entries, total: found.length, ...next };
    },
  );
}

function toListed(list: EntryList, entry: Entry): Listed {
  const id = keyOf(list, entry);
  const { name, kind } = entry;
  return {
    id,
    name: typeof name === 'string' ? name : id,
    kind: kindSchema.safeParse(kind).data ?? null,
  };
}

const differenceSchema = z
  .object({
    list: z.enum(ENTRY_LISTS),
    id: z.string(),
    seedThen: entrySchema.nullable().describe('What the folder said when it was changed; null: it had none.'),
    seedNow: entrySchema.nullable().describe('What the folder says now.'),
    here: entrySchema.nullable().describe('What stands, and goes on to stand.'),
  })
  .meta({ id: 'SeedDifference' });

function addListDifferences(app: ZodApp, registry: LiveRegistry): void {
  app.get(
    '/entries/differences',
    {
      config: ACCESS,
      schema: {
        operationId: 'listDifferences',
        tags: ['city'],
        summary: 'Where the folder says otherwise than when an entry was changed: nothing was overwritten',
        response: { 200: z.object({ differences: z.array(differenceSchema), total: z.int() }) },
      },
    },
    async () => {
      const { differences, findNow } = registry.state;
      return {
        differences: differences.slice(0, MAX_DIFFERENCES).map(({ list, id, seedThen, seedNow }) => ({
          ...{ list, id, seedThen: seedThen ?? null, seedNow: seedNow ?? null },
          here: findNow(list, id) ?? null,
        })),
        total: differences.length,
      };
    },
  );
}
