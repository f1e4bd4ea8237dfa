/**
 * What a field of a form is given and what it gives: shapes alone, for form-fields.ts, form-rows.ts and
 * entry-form.ts.
 */
import type { JsonSchema, Reference } from './city-calls.ts';
import type { CitySpeech } from './city-speech.ts';

export interface Field {
  readonly element: HTMLElement;
  /** Undefined where it is to be absent. */
  read(): unknown;
  /** The field at a path within it, for a sentence about it; itself where it has no such part. */
  find(path: readonly string[]): Field;
  /** Where a person types; undefined for a group. */
  readonly control?: HTMLElement;
}

export interface FieldOptions {
  readonly name: string;
  /** Within the entry, without numbers of rows: `upstream.gauge`. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly isRequired: boolean;
  readonly context: FormContext;
}

export interface FormContext {
  readonly speech: CitySpeech;
  /** The id of the list of suggestions for a field that names an entry of another list. */
  readonly suggestionsFor: (path: string) => string | undefined;
  readonly references: readonly Reference[];
  /** Fields that make the id of an entry that is there: they stay as they are. */
  readonly fixed: ReadonlySet<string>;
  /** A row was added or taken away. */
  readonly onChanged: () => void;
}
