/**
 * `GET /v1/entries/forms`: what an entry of each list holds, for a form: JSON Schemas, names of other lists, and what
 * the parameters of each alert rule are.
 *
 * One of the routes of entry-lists.ts. Invariant: a form is made of the schema that judges the entry, so that a new
 * kind of device has one by itself.
 */
import { z } from 'zod';
import { trackRules } from '../../alerts/rules/index.ts';
import { ENTRY_LISTS, ENTRY_SCHEMAS, type EntryList } from '../../cities/overlay.ts';
import { isHospital } from '../../devices/kinds/hospital.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { isRiverGauge, riverGauge } from '../../devices/kinds/river-gauge.ts';
import { bilingualSchema } from '../border/bilingual-json.ts';
import type { ZodApp } from '../border/zod-app.ts';
import { RESOURCES } from './city-entries.ts';

const form = z
  .object({
    list: z.enum(ENTRY_LISTS),
    path: z.string().describe('Below /v1.'),
    kind: z.string().nullable().describe('Of devices and channels: a form for each kind.'),
    label: bilingualSchema.nullable(),
    schema: z.record(z.string(), z.unknown()).describe('JSON Schema of an entry, draft 2020-12.'),
    references: z
      .array(
        z.object({
          field: z.string().describe('`river`, `upstream.gauge`.'),
          list: z.enum(ENTRY_LISTS),
          by: z.enum(['id', 'name']),
          kind: z.string().nullable(),
        }),
      )
      .describe('Fields that name an entry of another list.'),
  })
  .meta({ id: 'EntryForm' });
type Form = z.infer<typeof form>;

const answer = z.object({
  forms: z.array(form),
  rules: z
    .array(
      z.object({
        rule: z.string(),
        kind: z.string(),
        parameters: z
          .record(z.string(), z.unknown())
          .describe('Numbers, flags and words that it goes by where nothing else is said.'),
      }),
    )
    .describe('What `alertRules` may set.'),
});

/** The route below /v1. */
export function addDescribeForms(app: ZodApp): void {
  const described: z.infer<typeof answer> = { forms: ENTRY_LISTS.flatMap(formsOf), rules: describeRules() };
  app.get(
    '/entries/forms',
    {
      config: { access: ['engineer'] },
      schema: {
        operationId: 'describeEntries',
        tags: ['city'],
        summary:
          'What an entry of each list holds, and what the parameters of the alert rules are: for a form',
        response: { 200: answer },
      },
    },
    async () => described,
  );
}

/** One of several sorts of entry that a list has. */
interface KindSchema {
  readonly properties: { readonly kind: { readonly const: string } };
}

function formsOf(list: EntryList): Form[] {
  const path = RESOURCES.find((each) => each.list === list)?.path as string;
  if (list !== 'devices') {
    const whole = toJsonSchema(ENTRY_SCHEMAS[list]) as { readonly oneOf?: readonly KindSchema[] };
    const references = OWN_REFERENCES[list] ?? [];
    const kinds = whole.oneOf?.map((schema) => ({ kind: schema.properties.kind.const, schema }));
    return (kinds ?? [{ kind: null, schema: whole }]).map(({ kind, schema }) => ({
      ...{ list, path, kind, label: null, schema: { ...schema }, references },
    }));
  }
  return [...deviceKinds.values()].flatMap(({ name, label, site, references = {} }) => {
    // A hospital's list says its kind.
    if (!site || isHospital({ kind: name })) return [];
    const named = Object.entries(references).map(([field, of]) => ({
      ...{ field, list: of, by: 'id' as const, kind: null },
    }));
    const own = isRiverGauge({ kind: name }) ? GAUGE_REFERENCES : [];
    const { id, en } = label;
    return [
      {
        ...{ list, path, kind: name, label: { id, en }, schema: toJsonSchema(site) },
        references: [...named, ...own],
      },
    ];
  });
}

const GAUGE_REFERENCES: Form['references'] = [
  { field: 'upstream.gauge', list: 'devices', by: 'id', kind: riverGauge.name },
];
const OWN_REFERENCES: Readonly<Partial<Record<EntryList, Form['references']>>> = {
  hospitals: [{ field: 'kecamatan', list: 'kecamatan', by: 'name', kind: null }],
  alertRules: [{ field: 'device', list: 'devices', by: 'id', kind: null }],
};

function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>;
}

/** Lists and what has no number are set by the site, and by nobody else. */
function describeRules(): z.infer<typeof answer>['rules'] {
  const isSettable = (value: unknown) =>
    typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value);
  return trackRules.map(({ name, kind, defaults }) => ({
    ...{ rule: name, kind },
    parameters: Object.fromEntries(Object.entries(defaults).filter(([, value]) => isSettable(value))),
  }));
}
