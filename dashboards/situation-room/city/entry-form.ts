/**
 * EntryForm: the form of one entry, from its schema, with what is wrong shown at the field it is about.
 *
 * Used by entry-editor.ts. Invariant: a form reads and writes whole entries; it asks the server for nothing but the
 * names that its fields may refer to.
 */
import { html, setAttribute } from '../views/dom.ts';
import type { CityCalls, EditProblem, Form, Forms, JsonSchema } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';
import { type Entry, isObject } from './entry-values.ts';
import { createGroup } from './form-fields.ts';
import type { Field } from './form-shapes.ts';
import { PARAMETERS } from './parameter-words.ts';

export interface EntryFormOptions {
  readonly form: Form;
  readonly forms: Forms;
  readonly value: Entry;
  /** It has no id yet. */
  readonly isNew: boolean;
  readonly speech: CitySpeech;
  readonly calls: Pick<CityCalls, 'list'>;
  /** A row was added or taken away, or the rule was chosen: what is typed is to be kept. */
  readonly onChanged: () => void;
}

export class EntryForm {
  readonly element: HTMLElement;
  readonly #root: Field;
  readonly #speech: CitySpeech;
  /** Sentences, for their ids. */
  #shown = 0;

  constructor({ form, forms, value, isNew, speech, calls, onChanged }: EntryFormOptions) {
    this.#speech = speech;
    const lists = form.references.map((reference, index) => ({
      ...reference,
      id: `names-${form.list}-${index}`,
    }));
    const schema =
      form.list === 'alertRules' ? withParameters(form.schema, forms, value, speech) : form.schema;
    this.#root = createGroup({
      ...{ name: '', path: '', schema, value, isRequired: true },
      context: {
        ...{ speech, onChanged, references: form.references },
        fixed: new Set(isNew ? [] : ['id', 'rule', 'group', 'device']),
        suggestionsFor: (path) => lists.find(({ field }) => field === path)?.id,
      },
    });
    this.element = html('div', { class: 'entry-fields' }, this.#root.element);
    for (const { id, list, kind, by } of lists) {
      const names = html('datalist', { id });
      this.element.append(names);
      // Without suggestions a name is typed; the server says whether there is such a one.
      calls.list(list, '', kind ?? undefined).then(
        ({ entries }) =>
          names.append(
            ...entries.map((each) =>
              html('option', { value: each[by], label: by === 'id' ? each.name : undefined }),
            ),
          ),
        () => undefined,
      );
    }
    if (form.list === 'alertRules') {
      const rule = this.#root.find(['rule']).control;
      rule?.addEventListener('change', onChanged);
    }
  }

  read(): Entry {
    return this.#root.read() as Entry;
  }

  /**
   * `own` is the path of the entry. Returns what belongs to no field of it. The first field that is wrong has the
   * focus.
   */
  showProblems(problems: readonly EditProblem[], own: string): string[] {
    this.clearProblems();
    const rest: string[] = [];
    let first: HTMLElement | undefined;
    for (const problem of problems) {
      const { entry } = problem;
      const text = this.#sentence(problem);
      if (entry !== own && !entry.startsWith(`${own}.`)) {
        // Of an entry that names this one; or of the list as a whole.
        rest.push(entry.includes('.') ? `${entry}: ${text}` : text);
        continue;
      }
      const paths = [pathOf(problem, own), ...(problem.fields ?? []).map((field) => [field])].filter(
        (path) => path.length > 0,
      );
      for (const path of paths) {
        const field = this.#root.find(path);
        const control = field.control ?? field.element;
        const id = `city-wrong-${++this.#shown}`;
        field.element.append(html('p', { class: 'wrong', id }, text));
        setAttribute(control, 'aria-invalid', field.control ? 'true' : undefined);
        setAttribute(
          control,
          'aria-describedby',
          `${control.getAttribute('aria-describedby') ?? ''} ${id}`.trim(),
        );
        first ??= field.control ?? field.element.querySelector<HTMLElement>('input, select') ?? undefined;
      }
      if (paths.length === 0) rest.push(text);
    }
    first?.focus();
    return rest;
  }

  clearProblems(): void {
    for (const each of this.element.querySelectorAll('.wrong')) each.remove();
    for (const each of this.element.querySelectorAll('[aria-describedby]')) {
      const lasting = (each.getAttribute('aria-describedby') ?? '')
        .split(' ')
        .filter((id) => id.endsWith('-hint'));
      setAttribute(each, 'aria-describedby', lasting.join(' ') || undefined);
      each.removeAttribute('aria-invalid');
    }
  }

  #sentence({ reason, remedy }: EditProblem): string {
    const advice = remedy === undefined ? '' : `: ${this.#speech.reason(remedy)}`;
    return `${this.#speech.reason(reason)}${advice}`;
  }
}

/** `devices.gauge-1.thresholds.0.levelM` → `thresholds`, `0`, `levelM`; of the whole entry nothing. */
function pathOf({ entry }: EditProblem, own: string): string[] {
  return entry.startsWith(`${own}.`) ? entry.slice(own.length + 1).split('.') : [];
}

/** What the chosen rule goes by, each with its usual value; a rule is chosen among those that there are. */
function withParameters(schema: JsonSchema, { rules }: Forms, value: Entry, speech: CitySpeech): JsonSchema {
  const rule = rules.find((each) => each.rule === value['rule']);
  const known = Object.entries(rule?.parameters ?? {}).map(([name, usual]) => [
    name,
    typeof usual === 'boolean'
      ? { type: 'boolean', usual }
      : { type: typeof usual, default: usual, ...describeParameter(name, usual, speech) },
  ]);
  const own = isObject(value['parameters']) ? Object.keys(value['parameters']) : [];
  const names = new Set(known.map(([name]) => name));
  const unknown = own.filter((name) => !names.has(name)).map((name) => [name, {}]);
  const parameters = { type: 'object', properties: Object.fromEntries([...known, ...unknown]) };
  const properties = { ...schema.properties, rule: { enum: rules.map((each) => each.rule) }, parameters };
  return { ...schema, properties };
}

/** Its name with the unit, and its sentence with what it usually is. */
function describeParameter(name: string, usual: unknown, speech: CitySpeech): Partial<JsonSchema> {
  const words = PARAMETERS[name];
  if (!words) return {};
  const span =
    name.endsWith('Ms') && typeof usual === 'number' && usual > 0 ? ` (${speech.shared.age(usual)})` : '';
  const value = typeof usual === 'number' ? speech.shared.number(usual, 3) : String(usual);
  return {
    title: `${speech.pick(words.name)} (${speech.pick(words.unit)})`,
    description: `${speech.pick(words.says)} ${speech.word('usuallyIs', { value: `${value}${span}` })}`,
  };
}
