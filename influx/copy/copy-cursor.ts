/**
 * The cursor of the copy in InfluxDB: up to which id of the journal everything is there.
 *
 * A row among the cursors of the state database, beside it the form of the lines that stand in InfluxDB. Invariants:
 * it moves on only when what lies below is delivered; when it goes back by a loss, or since lines have a new form,
 * the copies of the logs of alerts and incidents begin anew, which have no mark of their own.
 */
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { CursorMark } from './cursor-mark.ts';
import type { InfluxMetrics } from './influx-metrics.ts';
import { LINE_FORM } from './reading-lines.ts';

export const INFLUX_CONSUMER = 'influx';
/** Its position is the form, not an id. */
const FORM_ROW = 'influx-form';
const EVENT_CURSORS = ['influx-alerts', 'influx-incidents'];
/** A mark lies behind the cursor by the batches since, of up to 20,000 lines; more is a loss. */
const MARK_LAG = 60_000;

export interface CopyCursorOptions {
  readonly database: Database;
  readonly log: Logger;
  readonly metrics: InfluxMetrics;
}

export class CopyCursor {
  readonly #options: CopyCursorOptions;
  readonly #mark: CursorMark;
  #id: number | undefined;

  constructor(options: CopyCursorOptions, mark: CursorMark) {
    this.#options = options;
    this.#mark = mark;
  }

  /** Up to this id everything is in InfluxDB; 0 before it was loaded. */
  get id(): number {
    return this.#id ?? 0;
  }

  /** From the beginning where the lines in InfluxDB have an older form. */
  async load(): Promise<void> {
    if (this.#id !== undefined) return;
    const { database, log } = this.#options;
    const rows = await database
      .selectFrom('cursors')
      .selectAll()
      .where('consumer', 'in', [INFLUX_CONSUMER, FORM_ROW])
      .execute();
    const saved = new Map(rows.map(({ consumer, position }) => [consumer, Number(position)]));
    const position = saved.get(INFLUX_CONSUMER) ?? 0;
    if (saved.get(FORM_ROW) === LINE_FORM) {
      this.#set(position);
      return;
    }
    if (position > 0) {
      log.warn({ form: LINE_FORM }, 'lines have a new form: the journal is written to InfluxDB again, once');
      await this.#forget();
    }
    await this.save(0);
    await this.#write(FORM_ROW, LINE_FORM);
  }

  async save(id: number): Promise<void> {
    if (id !== this.#id) await this.#write(INFLUX_CONSUMER, id);
    this.#set(id);
  }

  /** InfluxDB has less than it acknowledged: a wiped disk, a restored backup, a removed database. */
  async goBack(id: number): Promise<void> {
    const { log, metrics } = this.#options;
    const details = { confirmed: this.id, found: id };
    if (id === 0 || this.id - id > MARK_LAG) {
      metrics.rewinds.inc();
      log.warn(details, 'InfluxDB lost readings: the journal is written to it again from the last mark');
      await this.#forget();
    } else log.info(details, 'the last readings are written to InfluxDB again');
    await this.save(id);
  }

  async #forget(): Promise<void> {
    const { database } = this.#options;
    await database.deleteFrom('cursors').where('consumer', 'in', EVENT_CURSORS).execute();
    await this.#mark.forget();
  }

  #set(id: number): void {
    this.#id = id;
    this.#options.metrics.confirmedId.set(id);
  }

  async #write(consumer: string, position: number): Promise<void> {
    await this.#options.database
      .insertInto('cursors')
      .values({ consumer, position })
      .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ position }))
      .execute();
  }
}
