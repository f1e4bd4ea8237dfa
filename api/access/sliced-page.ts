/**
 * A page of many entries, made in slices: each is formatted in one turn of the event loop, and others have theirs
 * between.
 *
 * Used by the routes whose answers are long; caller-shares.ts gives the turns. The text is not judged by its schema
 * again (the tests do that): 10,000 readings would take a third of a second. Invariant: nothing is sent before the
 * page is whole, so that what fails within it is still a problem and never half a page.
 */
import type { FastifyReply } from 'fastify';
import type { PageTurns } from './caller-shares.ts';

export interface PageFormat<T> {
  readonly contentType: string;
  readonly begin: string;
  /** An entry with what separates it from the one before. */
  entry(entry: T, isFirst: boolean): string;
  /** Asked when all entries are there. */
  end(): string;
}

/** `{…head, "<list>": [entries], …tail}` */
export function jsonPage<T>(
  head: object,
  list: string,
  format: (entry: T) => unknown,
  tail: () => object,
): PageFormat<T> {
  const members = JSON.stringify(head).slice(1, -1);
  return {
    contentType: 'application/json; charset=utf-8',
    begin: `{${members}${members && ','}${JSON.stringify(list)}:[`,
    entry: (entry, isFirst) => (isFirst ? '' : ',') + JSON.stringify(format(entry)),
    end() {
      const last = JSON.stringify(tail()).slice(1, -1);
      return `]${last && ','}${last}}`;
    },
  };
}

export interface PageParts<T> {
  readonly format: PageFormat<T>;
  /** As they come from where they are kept; a turn takes as many of them as it has time for. */
  readonly slices: AsyncIterable<readonly T[]> | Iterable<readonly T[]>;
  readonly turns: PageTurns;
  /** Aborted when whoever asked has gone, or has been told that it took too long: then nothing is sent. */
  readonly signal: AbortSignal;
}

/** Makes the page and sends it. */
export async function sendPage<T>(reply: FastifyReply, parts: PageParts<T>): Promise<never> {
  const { format, slices, turns, signal } = parts;
  const pieces = [Buffer.from(format.begin)];
  let isFirst = true;
  for await (const slice of slices) {
    for (let at = 0; at < slice.length; ) {
      if (signal.aborted) return reply.hijack() as never;
      await turns.slice((isOver) => {
        let text = '';
        do {
          text += format.entry(slice[at++] as T, isFirst);
          isFirst = false;
        } while (at < slice.length && !isOver());
        pieces.push(Buffer.from(text));
      });
    }
  }
  pieces.push(Buffer.from(format.end()));
  // As bytes: text would be taken for a value to serialize. Fastify's types know the reply as what was sent.
  return reply.type(format.contentType).send(Buffer.concat(pieces)) as never;
}

/** What is in memory already, in slices. */
export function* inSlices<T>(entries: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < entries.length; at += size) yield entries.slice(at, at + size);
}

export interface ListParts<T> {
  readonly limit: number;
  readonly partSize: number;
  /** The entries that follow this one, or the first ones. */
  readonly read: (after: T | undefined, limit: number) => Promise<readonly T[]>;
}

/** A list out of a database, read in parts by the entry that stands last; `last` is set where the page is full. */
export function readInParts<T>({ limit, partSize, read }: ListParts<T>) {
  const page: { slices: AsyncIterable<readonly T[]>; last?: T } = { slices: slices() };
  async function* slices(): AsyncGenerator<readonly T[]> {
    let last: T | undefined;
    let left = limit;
    for (let isMore = true; isMore && left > 0; ) {
      const wanted = Math.min(partSize, left);
      const part = await read(last, wanted);
      last = part.at(-1);
      left -= part.length;
      isMore = part.length === wanted;
      yield part;
    }
    if (left === 0 && last !== undefined) page.last = last;
  }
  return page;
}
