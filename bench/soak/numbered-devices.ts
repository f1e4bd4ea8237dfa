/**
 * The devices of a soak: gauges and access points of a city that number their readings, and what became of each.
 *
 * Invariant: a reading counts as acknowledged from its PUBACK on, and only then.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { loadCity } from '../../cities/city.ts';
import { STORED_SEQ } from '../../journal/sqlite/file/record-layout.ts';

export const CITY = 'semarang';
/** What the devices of a kind report: reading `seq` of device `index`. */
const READINGS: Readonly<Record<string, (seq: number, index: number) => Readonly<Record<string, number>>>> = {
  'river-gauge': (seq, index) => ({ levelM: 1 + Math.abs(((seq + 37 * index) % 600) - 300) / 200 }),
  'wifi-access-point': (seq) => ({ clients: seq % 60, rxBytes: seq * 1_000, txBytes: seq * 300 }),
};

export interface NumberedDevice {
  readonly id: string;
  readonly client: mqtt.MqttClient;
  readonly kind: string;
  readonly topic: string;
  /** When reading n was measured, epoch ms; a hole until it was acknowledged. */
  readonly acknowledged: number[];
}

export function connectDevices(port: number): NumberedDevice[] {
  return loadCity(CITY)
    .devices.filter(({ kind }) => kind in READINGS)
    .map(({ id, kind }) => {
      const client = mqtt.connect({
        port,
        host: '127.0.0.1',
        clientId: id,
        clean: false,
        reconnectPeriod: 500,
      });
      client.on('error', () => undefined);
      return { id, client, kind, topic: `siaga/${CITY}/${kind}/${id}/telemetry`, acknowledged: [] };
    });
}

/** A reading each `everyMs`; the client keeps what is not acknowledged and sends it again. */
export async function keepReporting(
  { id, client, kind, topic, acknowledged }: NumberedDevice,
  index: number,
  everyMs: number,
  isOn: () => boolean,
): Promise<void> {
  const open: Promise<unknown>[] = [];
  for (let seq = 0; isOn(); seq++) {
    const measuredAt = Date.now();
    const values = READINGS[kind]?.(seq, index);
    const sent = client
      .publishAsync(topic, JSON.stringify({ measuredAt, seq, ...values }), { qos: 1 })
      .then(() => {
        acknowledged[seq] = measuredAt;
      })
      .catch((error: Error) => console.error(`${id}: ${error.message}`));
    open.push(sent);
    await delay(everyMs);
  }
  await Promise.all(open);
}

/** What became of the acknowledged readings, by their numbers in the journal's file. */
export function compareWithJournal(
  file: string,
  devices: readonly NumberedDevice[],
): { acknowledged: number; lost: number; doubled: number } {
  const journal = new DatabaseSync(file, { readOnly: true });
  // By number and time: what the garbage says for a device may bear a number too.
  const select = journal.prepare(
    `select measured_at as at, record from readings join devices on number = readings.device
     where devices.device = ?`,
  );
  const sum = { acknowledged: 0, lost: 0, doubled: 0 };
  for (const { id, acknowledged } of devices) {
    const stored = new Map<number, number>();
    for (const { at, record } of select.iterate(id)) {
      const seq = new Float64Array(Uint8Array.from(record as Uint8Array).buffer)[STORED_SEQ] as number;
      if (acknowledged[seq] === Number(at)) stored.set(seq, (stored.get(seq) ?? 0) + 1);
    }
    // A hole is passed over.
    acknowledged.forEach((_, seq) => {
      sum.acknowledged++;
      if (!stored.has(seq)) sum.lost++;
    });
    for (const count of stored.values()) sum.doubled += count - 1;
  }
  journal.close();
  return sum;
}
