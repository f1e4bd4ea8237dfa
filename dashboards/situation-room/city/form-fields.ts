/**
 * Fields of a form, made of the JSON Schema of an entry: one for each sort of value, and what was typed read back.
 *
 * Used by entry-form.ts. Invariants: what cannot be read as its sort is handed on as it was typed, so that the server
 * says what is wrong and nothing typed is lost; a field that may be absent and is empty is absent.
 */
import { html } from '../views/dom.ts';
import type { JsonSchema } from './city-calls.ts';
import { isObject, readNumber } from './entry-values.ts';
import { createRows } from './form-rows.ts';
import type { Field, FieldOptions } from './form-shapes.ts';

let made = 0;
/** For a label and its control. */
const nextId = () => `city-field-${++made}`;

export function createField(options: FieldOptions): Field {
  const { schema } = options;
  if (schema.const !== undefined) return createFixed(options, schema.const);
  if (schema.enum) return createChoice(options, schema.enum);
  if (schema.type === 'boolean') return createTick(options);
  if (schema.prefixItems) return createPair(options, schema.prefixItems);
  if (schema.type === 'array' && schema.items) return createRows(options, schema.items, createField);
  if (schema.type === 'object' && schema.properties) return createGroup(options);
  if (schema.type === 'number' || schema.type === 'integer') return createText(options, readNumber);
  if (schema.type === 'string') return createText(options, (text) => text);
  return createText(options, readJson);
}

function createFixed({ name, context }: FieldOptions, value: string): Field {
  const element = html('p', { class: 'fixed' }, `${context.speech.field(name)}: ${value}`);
  const field: Field = { element, read: () => value, find: () => field };
  return field;
}

function createText(
  { name, path, value, isRequired, context, schema }: FieldOptions,
  parse: (text: string) => unknown,
): Field {
  const id = nextId();
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  const usual =
    schema.default === undefined ? undefined : `${context.speech.word('usual')} ${String(schema.default)}`;
  const input = html('input', {
    ...{ id, name: path, autocomplete: 'off', spellcheck: 'false', maxlength: 500, placeholder: usual },
    inputmode: isNumber ? ((schema.minimum ?? -1) >= 0 ? 'decimal' : 'text') : undefined,
    list: context.suggestionsFor(path),
    readonly: context.fixed.has(path),
    'aria-required': isRequired ? 'true' : undefined,
    'aria-describedby': schema.description === undefined ? undefined : `${id}-hint`,
  });
  input.value = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
  const element = html(
    'div',
    { class: 'field' },
    html('label', { for: id }, schema.title ?? context.speech.field(name)),
    input,
  );
  if (schema.description !== undefined)
    element.append(html('p', { class: 'hint', id: `${id}-hint` }, schema.description));
  const field: Field = {
    ...{ element, control: input },
    read() {
      const text = input.value.trim();
      if (text === '') return isRequired && schema.type === 'string' ? '' : undefined;
      return parse(text);
    },
    find: () => field,
  };
  return field;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function createChoice(
  { name, path, value, isRequired, context, schema }: FieldOptions,
  words: readonly string[],
): Field {
  const id = nextId();
  const select = html('select', { id, name: path });
  const chosen = value ?? schema.default;
  if (!isRequired || chosen === undefined) select.append(html('option', { value: '' }, '–'));
  for (const word of words) select.append(html('option', { value: word }, context.speech.field(word)));
  select.value = typeof chosen === 'string' ? chosen : '';
  select.disabled = context.fixed.has(path);
  const element = html(
    'div',
    { class: 'field' },
    html('label', { for: id }, context.speech.field(name)),
    select,
  );
  const field: Field = {
    ...{ element, control: select },
    read: () => (select.value === '' ? undefined : select.value),
    find: () => field,
  };
  return field;
}

/** A flag that may be absent has three states. */
function createTick(options: FieldOptions): Field {
  const { name, value, context, schema, isRequired } = options;
  const { speech } = context;
  if (schema.default === undefined && !isRequired) {
    const id = nextId();
    const usual =
      schema.usual === undefined
        ? ''
        : ` ${speech.word('usual')} ${speech.word(schema.usual ? 'yes' : 'no')}`;
    const select = html('select', { id }, html('option', { value: '' }, `–${usual}`));
    for (const word of ['yes', 'no'] as const)
      select.append(html('option', { value: word }, speech.word(word)));
    select.value = value === undefined ? '' : value ? 'yes' : 'no';
    const element = html('div', { class: 'field' }, html('label', { for: id }, speech.field(name)), select);
    const read = () => (select.value === '' ? undefined : select.value === 'yes');
    const field: Field = { element, control: select, read, find: () => field };
    return field;
  }
  const input = html('input', { type: 'checkbox' });
  input.checked = Boolean(value ?? schema.default);
  const element = html('div', { class: 'field tick' }, html('label', {}, input, ` ${speech.field(name)}`));
  const field: Field = { element, control: input, read: () => input.checked, find: () => field };
  return field;
}

function createPair(
  { name, path, value, context, isRequired }: FieldOptions,
  parts: readonly JsonSchema[],
): Field {
  const values = Array.isArray(value) ? value : [];
  const fields = parts.map((schema, index) =>
    createField({
      ...{ path, schema, context, isRequired, value: values[index] },
      name: parts.length === 2 ? (index === 0 ? 'lowest' : 'highest') : `${name} ${index + 1}`,
    }),
  );
  const element = html('fieldset', { class: 'pair' }, html('legend', {}, context.speech.field(name)));
  element.append(...fields.map((each) => each.element));
  const field: Field = {
    element,
    read() {
      const all = fields.map((each) => each.read());
      return all.every((each) => each === undefined) ? undefined : all.map((each) => each ?? null);
    },
    find: ([index, ...rest]) => fields[Number(index)]?.find(rest) ?? field,
  };
  return field;
}

/** An object whose fields are known; the words of both languages of a text among them. */
export function createGroup({ name, path, schema, value, context, isRequired }: FieldOptions): Field {
  const { properties = {}, required = [] } = schema;
  const values = isObject(value) ? value : {};
  const isText = Object.keys(properties).join() === 'id,en';
  const names: Readonly<Record<string, string>> = isText ? { id: 'inIndonesian', en: 'inEnglish' } : {};
  const fields = new Map(
    Object.entries(properties).map(([key, part]) => {
      const inner = {
        schema: part,
        context,
        value: values[key],
        isRequired: isRequired && required.includes(key),
      };
      const below = path === '' ? key : `${path}.${key}`;
      return [key, createField({ ...inner, name: names[key] ?? key, path: below })] as const;
    }),
  );
  const element = html('fieldset', { class: path === '' ? 'whole' : 'group' });
  if (name !== '') element.append(html('legend', {}, context.speech.field(name)));
  element.append(...[...fields.values()].map((each) => each.element));
  const field: Field = {
    element,
    read() {
      const read = [...fields].map(([key, each]) => [key, each.read()] as const);
      const there = read.filter(([, each]) => each !== undefined);
      if (!isRequired && there.length === 0) return undefined;
      return Object.fromEntries(there);
    },
    find: ([key = '', ...rest]) => fields.get(key)?.find(rest) ?? field,
  };
  return field;
}
