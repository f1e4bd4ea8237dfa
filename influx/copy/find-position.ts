/**
 * Where the copy goes on: what the server still has is asked of it, by the mark that was written with the lines.
 *
 * Asked by copy-journal.ts before its first batch and after each failure. Invariant: the cursor only goes back
 * here, and only to where a mark says so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { classifyWriteError } from '../server/influx-error.ts';
import type { InfluxServer } from '../server/influx-server.ts';
import { InfluxQueryError } from '../server/influxql.ts';
import type { CopyCursor } from './copy-cursor.ts';
import type { CopyHealth } from './copy-health.ts';
import type { CursorMark } from './cursor-mark.ts';
import { type DeliveryTools, NotDeliveredError } from './deliver-lines.ts';

/** How often it is looked whether a mark is found, where that may take until a log is flushed. */
const READ_BACK_TRIES = 4;
const READ_BACK_MS = 500;

export interface PositionFinderOptions {
  readonly server: InfluxServer;
  readonly delivery: DeliveryTools;
  readonly health: CopyHealth;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export class PositionFinder {
  readonly #options: PositionFinderOptions;
  readonly #cursor: CopyCursor;
  readonly #mark: CursorMark;

  constructor(options: PositionFinderOptions, cursor: CopyCursor, mark: CursorMark) {
    this.#options = options;
    this.#cursor = cursor;
    this.#mark = mark;
  }

  /** Before the first batch and after a failure: asks the server what it has, and goes back to there. */
  async recover(): Promise<void> {
    const { server, health, log } = this.#options;
    await this.#cursor.load();
    const before = server.name;
    const { doubt } = await server.prepare();
    if (server.name !== before) {
      log.info({ server: server.name }, 'the journal is copied to InfluxDB');
      for (const note of server.notes) log.warn({ server: server.name }, note);
    }
    const found = await this.#readMark(doubt);
    if (found !== undefined && found < this.#cursor.id) await this.#cursor.goBack(found);
    await this.#mark.forgetLostAnchor();
    if (found !== undefined) health.works('reading back');
  }

  /**
   * The position of the last mark. Undefined where it cannot be told, since what is written is not found the way
   * that Grafana reads: then nothing speaks for a loss, and copying goes on.
   */
  async #readMark(doubt: string | undefined): Promise<number | undefined> {
    const { health, server } = this.#options;
    try {
      const found = await this.#mark.read();
      // A mark at the present, which says what the last one said: is it found where it was written?
      await this.writeMark(found, doubt);
      for (let tries = 0; tries < READ_BACK_TRIES; tries++) {
        if (await this.#mark.isThere()) return found;
        await delay(READ_BACK_MS, undefined, { signal: this.#options.signal });
      }
      health.fails('reading back', await server.explainNotFound('what was written is not there'));
    } catch (error) {
      if (!(error instanceof InfluxQueryError) || error.status >= 500 || error.status === 429) throw error;
      await this.writeMark(this.#cursor.id, doubt);
      health.fails('reading back', await server.explainNotFound(error.message));
    }
    return undefined;
  }

  async writeMark(position: number, doubt: string | undefined): Promise<void> {
    const { delivery, now } = this.#options;
    try {
      await this.#mark.write(position);
    } catch (error) {
      const failure = classifyWriteError(error, now());
      delivery.onFailure(failure);
      const sentence = doubt === undefined ? failure.sentence : `${failure.sentence}; ${doubt}`;
      throw new NotDeliveredError(sentence, { waitMs: failure.waitMs });
    }
  }
}
