/**
 * The mark that says inside InfluxDB how far the journal has been written to it.
 *
 * Our own cursor says what InfluxDB has acknowledged; the mark says what it still has. After a wiped disk or a
 * restored backup they differ, and the writer goes back to the mark. Invariants: a mark never claims more than
 * what was in InfluxDB when it was written; one from before the journal was replaced by an older one or by
 * another (rewind-cursors.ts) counts for no more than what that journal held, as later ids mean other readings.
 */
import type { Database } from '../database/database.ts';
import { formatLine } from '../history/line-protocol.ts';
import type { InfluxServer } from './influx-server.ts';
import { quoteLiteral } from './influxql.ts';

const MEASUREMENT = 'siaga_cursor';
/** Marks of one minute overwrite each other: 1,440 points a day. */
const MARK_EVERY_MS = 60_000;

export interface CursorMarkOptions {
  readonly city: string;
  readonly server: Pick<InfluxServer, 'query' | 'write'>;
  readonly database: Database;
  readonly now: () => number;
}

export class CursorMark {
  readonly #options: CursorMarkOptions;
  /** The largest position that InfluxDB has acknowledged, and the time of its point. */
  #position = 0;
  #atMs = 0;

  constructor(options: CursorMarkOptions) {
    this.#options = options;
  }

  get position(): number {
    return this.#position;
  }

  /** The line that says `position`; `confirm` is called when it is in InfluxDB. */
  prepare(position: number): { readonly line: string; confirm(): void } {
    const { city, now } = this.#options;
    const atMs = Math.floor(now() / MARK_EVERY_MS) * MARK_EVERY_MS;
    return {
      line: `${formatLine(MEASUREMENT, { city }, { position }, atMs)}\n`,
      confirm: () => {
        if (position < this.#position) return;
        this.#position = position;
        this.#atMs = atMs;
      },
    };
  }

  async write(position: number): Promise<void> {
    const { line, confirm } = this.prepare(position);
    await this.#options.server.write(line);
    confirm();
  }

  /** How far InfluxDB has this journal by its last mark; 0 where there is none. */
  async read(): Promise<number> {
    const [atMs, position] = await this.#ask('');
    if (position === 0) return 0;
    const { min } = this.#options.database.fn;
    const end = await this.#options.database
      .selectFrom('journal_ends')
      .select(min('last_id').as('lastId'))
      .where('found_at', '>', atMs)
      .executeTakeFirst();
    return Math.min(position, Number(end?.lastId ?? position));
  }

  /** After a rewind: what was acknowledged above `position` does not count any more. */
  goBack(position: number): void {
    this.#position = position;
    this.#atMs = 0;
  }

  /** Whether the largest acknowledged mark is gone. Only while nothing is on its way: a smaller one may come late. */
  async isGone(): Promise<boolean> {
    if (this.#atMs === 0) return false;
    const expected = this.#position;
    const [, found] = await this.#ask(` AND time = ${this.#atMs}ms`);
    return found < expected;
  }

  /** The time, epoch ms, and the position of the last point; zeros where there is none. */
  async #ask(condition: string): Promise<readonly [atMs: number, position: number]> {
    const { server, city } = this.#options;
    const where = `"city" = ${quoteLiteral(city)}${condition}`;
    const [series] = await server.query(`SELECT last("position") FROM "${MEASUREMENT}" WHERE ${where}`);
    const [atMs, position] = series?.values[0] ?? [];
    return typeof atMs === 'number' && typeof position === 'number' ? [atMs, position] : [0, 0];
  }
}
