/**
 * A city's load of numbered readings, and how often each of them is in a journal and in a server's history.
 * Invariant: readings of one device differ in their time, and so are told apart by it.
 */
import { DatabaseSync } from 'node:sqlite';
import { Load } from './load-generator.ts';
import type { RunningSiaga } from './start-siaga.ts';

/** None of them is flooded by what it says. */
const GAUGES = ['garang-pudakpayung', 'garang-tinjomoyo', 'kripik-kandri', 'kreo-cepoko', 'kreo-jatibarang'];
const ACCESS_POINTS = ['ap-simpang-lima-1', 'ap-simpang-lima-2', 'ap-simpang-lima-3'];
/** A backlog of the last days, a reading each five seconds. */
const firstMs = Math.floor(Date.now() / 1_000) * 1_000 - 10 * 86_400_000;
export const measuredAt = (number: number) => firstMs + number * 5_000;

export function createNumberedLoad(inFlight = 10): Load {
  return new Load([
    ...GAUGES.map((id) => ({
      ...{ id, topic: `siaga/semarang/river-gauge/${id}/telemetry`, qos: 1 as const, inFlight },
      readingsPerPublish: 1,
      reading: (n: number) => ({ measuredAt: measuredAt(n), seq: n, levelM: 0.2 + (n % 10) / 1_000 }),
    })),
    ...ACCESS_POINTS.map((id, i) => ({
      ...{ id, topic: `siaga/semarang/wifi-access-point/${id}/telemetry`, qos: 1 as const, inFlight: 2 },
      readingsPerPublish: i + 1,
      reading: (n: number) => ({
        ...{ measuredAt: measuredAt(n), seq: n, clients: n % 200, rxBytes: n * 1_000, txBytes: n * 300 },
      }),
    })),
  ]);
}

/** How often the journal in this folder has each time of a device's readings. */
export function readCopies(dataDir: string, device: string): ReadonlyMap<number, number> {
  using journal = new DatabaseSync(`${dataDir}/journal.db`, { readOnly: true, timeout: 5_000 });
  const rows = journal
    .prepare(
      `select measured_at as at, count(*) as copies from readings join devices on number = readings.device
       where devices.device = ? group by measured_at`,
    )
    .all(device);
  return new Map(rows.map((row) => [Number(row['at']), Number(row['copies'])]));
}

/** The same of what the server's history answers. */
export async function readHistory(
  server: RunningSiaga,
  device: string,
): Promise<ReadonlyMap<number, number>> {
  interface Page {
    readonly points: readonly { readonly at: string }[];
    readonly next?: string;
  }
  const copies = new Map<number, number>();
  const from = new Date(firstMs).toISOString();
  let path: string | undefined = `/v1/devices/${device}/readings?from=${from}&limit=5000`;
  while (path !== undefined) {
    const page: Page = await server.get<Page>(path);
    for (const { at } of page.points) copies.set(Date.parse(at), (copies.get(Date.parse(at)) ?? 0) + 1);
    path = page.next;
  }
  return copies;
}

/** What became of the acknowledged readings of a load: how many there are, are missing, and are there twice. */
export function compareWith(load: Load, copiesOf: (device: string) => ReadonlyMap<number, number>) {
  let [acknowledged, missing, doubled] = [0, 0, 0];
  for (const device of load.devices) {
    const copies = copiesOf(device.options.id);
    for (const count of copies.values()) if (count > 1) doubled++;
    device.acknowledged.forEach((_, number) => {
      acknowledged++;
      if (!copies.has(measuredAt(number))) missing++;
    });
  }
  return { acknowledged, missing, doubled };
}

/** Of each device, how many acknowledged readings are missing, and from which number to which. */
export function describeMissing(
  load: Load,
  copiesOf: (device: string) => ReadonlyMap<number, number>,
): string {
  const lines = load.devices.map(({ acknowledged, options: { id } }) => {
    const copies = copiesOf(id);
    const missing = [...acknowledged.keys()].filter(
      (number) => number in acknowledged && !copies.has(measuredAt(number)),
    );
    return missing.length === 0 ? '' : `${id} ${missing.length} (${missing[0]} to ${missing.at(-1)})`;
  });
  return lines.filter((line) => line !== '').join(', ') || 'nothing';
}
