/**
 * A few gauges that say a level twice a second through HAProxy, and remember which readings were acknowledged.
 *
 * Invariant: a reading that is acknowledged is one that the device lets go of: what the log lacks of these is lost. A
 * reading is told from the others by its device and its time.
 */
import { connect, type MqttClient } from 'mqtt';
import type pg from 'pg';

const EVERY_MS = 500;
const RECONNECT_MS = 500;
/** A rise and fall of a few centimetres in a minute, below every threshold. */
const SWING_M = 0.05;
const SWING_MS = 60_000;

export interface PlayedGauge {
  readonly id: string;
  readonly normalLevelM: number;
}

export interface Tally {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** Since when no reading of any gauge was acknowledged. */
  readonly silentMs: number;
}

export class PlayedGauges implements AsyncDisposable {
  readonly #clients: readonly MqttClient[];
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #ids: readonly string[];
  readonly #startedAt = Date.now();
  /** `device time` of each. */
  readonly #acknowledged = new Set<string>();
  #lastAcknowledgedAt = Date.now();

  constructor(city: string, mqttPort: number, gauges: readonly PlayedGauge[]) {
    this.#ids = gauges.map(({ id }) => id);
    this.#clients = gauges.map(({ id }) =>
      connect(`mqtt://127.0.0.1:${mqttPort}`, {
        ...{ clientId: id, clean: false, reconnectPeriod: RECONNECT_MS, connectTimeout: 5_000 },
      }).on('error', () => undefined),
    );
    this.#timers = gauges.map((gauge, index) =>
      setInterval(() => this.#say(city, gauge, this.#clients[index] as MqttClient), EVERY_MS),
    );
  }

  /** Compares what was acknowledged before it was asked with what the log has. */
  async count(database: pg.Client): Promise<Tally> {
    const acknowledged = [...this.#acknowledged];
    const { rows } = await database.query<{ device: string; at: string; copies: number }>(
      `select device, at, count(*)::int as copies from journal_log
       where series = 'readings' and device = any ($1) and at >= $2 group by device, at`,
      [this.#ids, this.#startedAt],
    );
    const held = new Set(rows.map(({ device, at }) => `${device} ${at}`));
    return {
      acknowledged: acknowledged.length,
      lost: acknowledged.filter((each) => !held.has(each)).length,
      doubled: rows.filter(({ copies }) => copies > 1).length,
      silentMs: this.silentMs,
    };
  }

  get silentMs(): number {
    return Date.now() - this.#lastAcknowledgedAt;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  #say(city: string, { id, normalLevelM }: PlayedGauge, client: MqttClient): void {
    // A gauge keeps what it measures while it is away; these measure nothing then, so that nothing piles up.
    if (!client.connected) return;
    const measuredAt = Date.now();
    const levelM = normalLevelM + SWING_M * Math.sin((measuredAt / SWING_MS) * 2 * Math.PI);
    const topic = `siaga/${city}/river-gauge/${id}/telemetry`;
    client.publish(topic, JSON.stringify({ measuredAt, levelM }), { qos: 1 }, (error) => {
      if (error) return;
      this.#acknowledged.add(`${id} ${measuredAt}`);
      this.#lastAcknowledgedAt = Date.now();
    });
  }
}
