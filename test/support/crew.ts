/**
 * A crew for e2e tests: a tracker and a handset in one vehicle, over real MQTT.
 *
 * Invariant: it listens to its commands before it says anything, as a unit on duty does.
 */
import { connectAsync, type MqttClient } from 'mqtt';

export interface Order {
  readonly command: string;
  readonly assignment: string;
  readonly incident?: { readonly id: string };
  readonly hospital?: { readonly id: string };
}

export class Crew {
  readonly #unit: string;
  readonly #client: MqttClient;
  readonly orders: Order[] = [];
  #seq = Date.now();

  private constructor(unit: string, client: MqttClient) {
    this.#unit = unit;
    this.#client = client;
    client.on('message', (_topic, payload) => this.orders.push(JSON.parse(payload.toString('utf8'))));
  }

  static async connect(unit: string, mqttUrl: string): Promise<Crew> {
    const client = await connectAsync(mqttUrl, { clientId: unit, reconnectPeriod: 0 });
    const made = new Crew(unit, client);
    await client.subscribeAsync(made.#topic('command'), { qos: 1 });
    return made;
  }

  /** Resolves at the PUBACK: the reading is on disk. */
  async report(status: string, at: { lat: number; lng: number }, more: object = {}): Promise<void> {
    const measuredAt = new Date().toISOString();
    const reading = {
      ...at,
      measuredAt,
      accuracyM: 6,
      speedMps: 0,
      batteryPct: 90,
      status,
      seq: ++this.#seq,
    };
    const body = JSON.stringify({ ...reading, ...more });
    await this.#client.publishAsync(this.#topic('telemetry'), body, { qos: 1 });
  }

  async answer(ack: 'accepted' | 'refused', assignment: string): Promise<void> {
    await this.#client.publishAsync(this.#topic('ack'), JSON.stringify({ assignment, ack }), { qos: 1 });
  }

  /** Its last order. */
  async refuse(reason: string): Promise<void> {
    const body = { assignment: this.orders.at(-1)?.assignment, ack: 'refused', reason };
    await this.#client.publishAsync(this.#topic('ack'), JSON.stringify(body), { qos: 1 });
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #topic(channel: string): string {
    return `siaga/semarang/ambulance/${this.#unit}/${channel}`;
  }
}
