/**
 * The API's answers as its document describes them, for pages: a name or a value that the API no longer says is an
 * error of the type check.
 *
 * The types are those of our own client (clients/typescript). Only they are imported, so a browser loads nothing of it.
 * Invariant: a page changes no answer.
 */
import type { components } from '../../../../clients/typescript/generated/api.d.ts';

type Schemas = components['schemas'];

export type LngLat = readonly [lng: number, lat: number];

/** A schema by its name in the document, or the fields of it that a page reads. */
export type Answer<
  Name extends keyof Schemas,
  Read extends keyof Schemas[Name] = keyof Schemas[Name],
> = Unchanged<Pick<Schemas[Name], Read>>;

/**
 * What a page reads of an answer where it reads parts of parts; an error of the type check where there is no such
 * part.
 */
export type PartOf<Whole extends Part, Part> = Whole extends never ? never : Part;

/** The document says a pair as an array of two numbers; lines and rings are the only arrays of such. */
type Unchanged<T> = T extends number[][]
  ? readonly LngLat[]
  : T extends (infer Each)[]
    ? readonly Unchanged<Each>[]
    : T extends object
      ? { readonly [Name in keyof T]: Unchanged<T[Name]> }
      : T;
