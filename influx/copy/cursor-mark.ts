/**
 * The mark that says inside InfluxDB how far the journal has been written to it.
 *
 * Our own cursor says what InfluxDB has acknowledged; the mark says what it still has. After a wiped disk or a
 * restored backup they differ, and the copy goes back to the mark. A database that was removed while readings flow
 * is made anew by the next line, and a new mark hides the loss: so an older mark, the anchor, is looked at as well.
 * Invariants: a mark never claims more than what was in InfluxDB before it was sent; one from before the journal was
 * replaced by an older one or by another (rewind-cursors.ts) counts for no more than what that journal held, as
 * later ids mean other readings; 3 Core is never asked about more than a day, or it refuses.
 */
import type { Database } from '../../database/database.ts';
import { formatLine } from '../../history/line-protocol.ts';
import type { InfluxServer } from '../server/influx-server.ts';
import { InfluxQueryError, quoteLiteral } from '../server/influxql.ts';

const MEASUREMENT = 'siaga_cursor';
/** Marks of one minute overwrite each other: 1,440 points a day. */
const MARK_EVERY_MS = 60_000;
/** The anchor's row among the cursors; its position is a time, epoch ms. */
const ANCHOR = 'influx-anchor';
/** The anchor moves on before the shortest retention (an hour) takes it. */
const ANCHOR_MOVES_AFTER_MS = 30 * 60_000;
const DAY_MS = 86_400_000;

export interface CursorMarkOptions {
  readonly city: string;
  readonly server: Pick<InfluxServer, 'query' | 'write' | 'generation'>;
  readonly database: Database;
  readonly now: () => number;
}

export class CursorMark {
  readonly #options: CursorMarkOptions;
  /** What the newest mark that InfluxDB has acknowledged says, and the time of its point. */
  #position = 0;
  #atMs = 0;
  /** The anchor was looked for and is not there. */
  #isAnchorLost = false;

  constructor(options: CursorMarkOptions) {
    this.#options = options;
  }

  get position(): number {
    return this.#position;
  }

  /** The line that says `position`, without its end; `confirm` is called when it is in InfluxDB. */
  prepare(position: number): { readonly line: string; confirm(): void } {
    const { city, now } = this.#options;
    const atMs = Math.floor(now() / MARK_EVERY_MS) * MARK_EVERY_MS;
    return {
      line: formatLine(MEASUREMENT, { city }, { position }, atMs) as string,
      confirm: () => {
        this.#position = position;
        this.#atMs = atMs;
      },
    };
  }

  async write(position: number): Promise<void> {
    const { line, confirm } = this.prepare(position);
    await this.#options.server.write(`${line}\n`);
    confirm();
  }

  /** How far InfluxDB has this journal; 0 where it has no mark. Throws InfluxQueryError in the server's words. */
  async read(): Promise<number> {
    const anchorMs = await this.#loadAnchor();
    let [atMs, position] = await this.#ask(this.#sinceAnchor(anchorMs));
    this.#isAnchorLost = anchorMs > 0 && !(await this.#has(anchorMs));
    if (this.#isAnchorLost) {
      // What came after it says nothing of what was there before.
      [atMs, position] = this.#isBounded ? [0, 0] : await this.#ask(` AND time < ${anchorMs}ms`);
    }
    if (position === 0) return 0;
    const { min } = this.#options.database.fn;
    const end = await this.#options.database
      .selectFrom('journal_ends')
      .select(min('last_id').as('lastId'))
      .where('found_at', '>', atMs)
      .executeTakeFirst();
    return Math.min(position, Number(end?.lastId ?? position));
  }

  /** Whether the newest acknowledged mark is found, the way that Grafana reads. */
  async isThere(): Promise<boolean> {
    if (this.#atMs === 0) return true;
    const [atMs, position] = await this.#ask(` AND time = ${this.#atMs}ms`);
    return atMs === this.#atMs && position === this.#position;
  }

  /** Whether the older mark is found that was there before. Once it is, the anchor moves on from time to time. */
  async isAnchored(): Promise<boolean> {
    const anchorMs = await this.#loadAnchor();
    if (anchorMs > 0 && !(await this.#has(anchorMs))) return false;
    if (this.#atMs - anchorMs >= ANCHOR_MOVES_AFTER_MS) await this.#saveAnchor(this.#atMs);
    return true;
  }

  /** Of the newest acknowledged mark, ms. */
  get ageMs(): number {
    return this.#options.now() - this.#atMs;
  }

  /** Call once what a lost anchor means has been done: another one is chosen. */
  async forgetLostAnchor(): Promise<void> {
    if (this.#isAnchorLost) await this.forget();
  }

  /** What was acknowledged before does not count any more. */
  async forget(): Promise<void> {
    this.#isAnchorLost = false;
    await this.#options.database.deleteFrom('cursors').where('consumer', '=', ANCHOR).execute();
  }

  get #isBounded(): boolean {
    return this.#options.server.generation === 3;
  }

  /** All that may hold the last mark. */
  #sinceAnchor(anchorMs: number): string {
    const fromMs = anchorMs > 0 || !this.#isBounded ? anchorMs : this.#options.now() - DAY_MS;
    const from = fromMs > 0 ? ` AND time >= ${fromMs}ms` : '';
    return this.#isBounded ? `${from} AND time < ${fromMs + 2 * DAY_MS}ms` : from;
  }

  async #has(atMs: number): Promise<boolean> {
    const [found] = await this.#ask(` AND time = ${atMs}ms`);
    return found === atMs;
  }

  /** The time, epoch ms, and the position of the last point; zeros where there is none. */
  async #ask(condition: string): Promise<[atMs: number, position: number]> {
    const { server, city } = this.#options;
    const where = `"city" = ${quoteLiteral(city)}${condition}`;
    try {
      const [series] = await server.query(`SELECT last("position") FROM "${MEASUREMENT}" WHERE ${where}`);
      const [atMs, position] = series?.values[0] ?? [];
      return typeof atMs === 'number' && typeof position === 'number' ? [atMs, position] : [0, 0];
    } catch (error) {
      if (error instanceof InfluxQueryError && error.isMissing) return [0, 0];
      throw error;
    }
  }

  async #loadAnchor(): Promise<number> {
    const row = await this.#options.database
      .selectFrom('cursors')
      .select('position')
      .where('consumer', '=', ANCHOR)
      .executeTakeFirst();
    return Number(row?.position ?? 0);
  }

  async #saveAnchor(position: number): Promise<void> {
    await this.#options.database
      .insertInto('cursors')
      .values({ consumer: ANCHOR, position })
      .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ position }))
      .execute();
  }
}
