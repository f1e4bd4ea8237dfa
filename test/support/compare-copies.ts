/**
 * What a real InfluxDB holds beside what the embedded history holds, value by value.
 *
 * Of the devices `gauge-0` to `gauge-7` and the access points `ap-1`, `ap-3`, `ap-5`.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { InfluxHouse } from './influx-house.ts';

const DAY_MS = 86_400_000;

export async function askValues(url: string, statement: string): Promise<readonly (readonly unknown[])[]> {
  const form = new URLSearchParams({ db: 'siaga', epoch: 'ms', q: statement });
  const response = await fetch(`${url}/query?${form}`, { method: 'POST' });
  const { results } = (await response.json()) as {
    results?: { series?: { values: unknown[][] }[]; error?: string }[];
  };
  if (results?.[0]?.error) throw new Error(results[0].error);
  return results?.[0]?.series?.flatMap(({ values }) => values) ?? [];
}
export const countIn = async (url: string, measurement: string) =>
  Number((await askValues(url, `SELECT count("quality") FROM ${measurement}`))[0]?.[1] ?? 0);

/** Every value of every device in InfluxDB and in history, as text: the same where the copy is true. */
export async function compareValues(
  { history }: InfluxHouse,
  url: string,
): Promise<{ influx: string[]; own: string[] }> {
  const influx: string[] = [];
  const own: string[] = [];
  const devices = [...Array(8).keys()].map((n) => ['river-gauge', `gauge-${n}`] as const);
  const points = [1, 3, 5].map((n) => ['wifi-access-point', `ap-${n}`] as const);
  for (const [kind, device] of [...devices, ...points]) {
    const { measurement, quantityNames } = deviceKinds.get(kind) as NonNullable<
      ReturnType<typeof deviceKinds.get>
    >;
    const names = [...quantityNames, 'quality'];
    const columns = names.map((name) => `"${name}"`).join(', ');
    for (const [atMs, ...values] of await askValues(
      url,
      `SELECT ${columns} FROM "${measurement}" WHERE "device" = '${device}'`,
    )) {
      const given = names.flatMap((name, index) =>
        values[index] == null ? [] : [`${name}=${values[index]}`],
      );
      influx.push(`${device} ${atMs} ${given.sort().join()}`);
    }
    const query = { kind, device, fromMs: 0, toMs: Date.now() + 30 * DAY_MS, limit: 10_000 };
    for (const { atMs, values, quality } of (await history?.raw(query))?.points ?? []) {
      const given = Object.entries({ ...values, quality }).map(([name, value]) => `${name}=${value}`);
      own.push(`${device} ${atMs} ${given.sort().join()}`);
    }
  }
  return { influx, own };
}
