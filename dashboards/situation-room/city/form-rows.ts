/**
 * A list within an entry, such as a gauge's thresholds: rows of fields, one more, one less.
 *
 * Used by form-fields.ts. Invariant: a row that is empty is handed on as one, so that the server says what is missing.
 */
import { html } from '../views/dom.ts';
import type { JsonSchema } from './city-calls.ts';
import type { Field, FieldOptions } from './form-shapes.ts';

/** A list of entries of one sort, such as a gauge's thresholds. */
/** `createItem` makes the fields of a row. */
export function createRows(
  { name, path, value, context }: FieldOptions,
  items: JsonSchema,
  createItem: (options: FieldOptions) => Field,
): Field {
  const rows: Field[] = [];
  const { speech } = context;
  const list = html('ol', { class: 'rows' });
  const add = (each: unknown): HTMLElement => {
    const row = createItem({ ...{ path, context, value: each, isRequired: true }, name: '', schema: items });
    const remove = html('button', { type: 'button', class: 'remove-row' }, speech.word('removeStep'));
    const item = html('li', {}, row.element, remove);
    remove.addEventListener('click', () => {
      rows.splice(rows.indexOf(row), 1);
      item.remove();
      context.onChanged();
      more.focus();
    });
    rows.push(row);
    list.append(item);
    return item;
  };
  const more = html('button', { type: 'button', class: 'add-row' }, speech.word('addStep'));
  more.addEventListener('click', () => {
    const item = add(undefined);
    item.querySelector<HTMLElement>('input, select')?.focus();
    context.onChanged();
  });
  for (const each of Array.isArray(value) ? value : []) add(each);
  const element = html('fieldset', { class: 'list' }, html('legend', {}, speech.field(name)), list, more);
  const field: Field = {
    element,
    read: () => rows.map((row) => row.read() ?? {}),
    find: ([index, ...rest]) => rows[Number(index)]?.find(rest) ?? field,
  };
  return field;
}
