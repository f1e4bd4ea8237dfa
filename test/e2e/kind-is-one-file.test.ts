/**
 * A kind is one file: what is said there is all that a kind needs to be in history, API, live stream, page, simulator
 * and silence rule. Shown of two kinds for which nothing else was written.
 *
 * One Siaga over TCP for both, Chromium on its page; the silence rule with a clock that the test moves.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCity } from '../../cities/city.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { startCity } from '../../firmware-sim/city-run.ts';
import { realClock } from '../../firmware-sim/clock.ts';
import { createTotals } from '../../firmware-sim/totals.ts';
import { openAlertHouse, readingOf, START_MS } from '../support/alert-house.ts';
import { type Chromium, chromiumMissing, listFaults, startChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { openRoomHouse, type RoomHouse } from '../support/room-house.ts';

const MINUTE_MS = 60_000;
const PATIENCE_MS = 60_000;
const city = loadCity('semarang');

const KINDS = [
  {
    kind: 'tour-bus',
    device: 'bus-wisata-1',
    isPublic: true,
    values: { lat: -6.97, lng: 110.427, speedMps: 6, seatsFree: 11, wheelchairPlacesFree: 1 },
    inPage: ['tour bus', 'Bus wisata 1', 'seats free 11', 'wheelchair places free 1', 'speed 6 m/s'],
  },
  {
    kind: 'market-terminal',
    device: 'terminal-bulu-1',
    isPublic: false,
    values: { paymentsTotal: 1_316, amountTotalIdr: 48_250_000 },
    inPage: ['market terminal', 'Pasar Bulu, C-03', 'payments 1,316', 'amount 48,250,000 IDR'],
  },
] as const;

describe.each(KINDS)('a $kind, of which one file says everything,', (shown) => {
  const { kind, device, values, isPublic, inPage } = shown;
  const said = deviceKinds.get(kind);
  let house: RoomHouse;
  beforeAll(async () => {
    house = await openRoomHouse();
  });
  afterAll(() => house?.[Symbol.asyncDispose]());

  async function get<T>(path: string, token: string | null = house.adminToken): Promise<T> {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(new URL(path, house.url), { headers });
    return (await answer.json()) as T;
  }

  test('is in the API and in history, for those whom its kind says', async () => {
    const measuredAt = Date.now() - MINUTE_MS;
    await house.publish(kind, device, { ...values, measuredAt, simulated: true });
    const sites = city.devices.filter((each) => each.kind === kind);
    expect(sites.length).toBeGreaterThanOrEqual(3);
    const last = await eventually(async () => {
      const { total, devices } = await get<DeviceList>(`v1/devices?kind=${kind}`);
      expect(total).toBe(sites.length);
      const found = devices.find(({ id }) => id === device);
      expect(found?.liveness).toBe('online');
      return found?.last?.values;
    }, PATIENCE_MS);
    expect(last).toEqual(values);
    const { points } = await get<{ points: object[] }>(`v1/devices/${device}/readings`);
    expect(points).toEqual([{ at: new Date(measuredAt).toISOString(), values }]);
    const forAll = await get<DeviceList>(`v1/devices?kind=${kind}`, null);
    expect(forAll.total).toBe(isPublic ? sites.length : 0);
  });

  test('is in the live stream, for those whom its kind says', async () => {
    const streams = await Promise.all(
      [house.adminToken, undefined].map((token) => openStream(house.url, token)),
    );
    await house.publish(kind, device, { ...values, simulated: true });
    // Everybody sees a gauge: what they have not seen until then they never see.
    await house.publish('river-gauge', 'bendung-simongan', { levelM: 1 });
    const [staff, everybody] = await Promise.all(streams.map((stream) => stream.until('bendung-simongan')));
    expect(staff).toContain(`"device":"${device}"`);
    expect(everybody?.includes(`"device":"${device}"`)).toBe(isPublic);
  });

  test('is refused where its kind says what is absurd, and kept with its reason', async () => {
    const [name, quantity] =
      Object.entries(said?.sentQuantities ?? {}).find(([, { type }]) => type !== 'state') ?? [];
    expect(quantity).toBeDefined();
    await house.publish(kind, device, { [name as string]: -9_999_999 });
    await eventually(async () => {
      const { rejections } = await get<{ rejections: { device: string; detail: string }[] }>('v1/rejections');
      const found = rejections.find((each) => each.device === device);
      expect(found?.detail).toContain(name);
    }, PATIENCE_MS);
  });

  test.skipIf(chromiumMissing())(
    'is on the page of the situation room, by the labels and units of its kind',
    async () => {
      await using chromium: Chromium = await startChromium();
      const page = await chromium.newPage();
      await page.go(`${house.url}room`);
      await page.until(`document.querySelector('#connection').dataset.stream === 'live'`);
      await page.ask(`(() => {
      document.querySelector('[data-language=en]').click();
      document.querySelector('#sign-in').click();
      document.querySelector('#token').value = ${JSON.stringify(house.adminToken)};
      document.querySelector('#sign-in-form').requestSubmit();
    })()`);
      await page.until(`!document.querySelector('#others-tab').hidden`);
      await house.publish(kind, device, { ...values, simulated: true });
      const row = `[...document.querySelectorAll('.other')].find((each) =>
      ${JSON.stringify(inPage)}.every((text) => each.textContent.includes(text)))`;
      await page.until(`${row} && ${row}.dataset.liveness === 'online'`);
      expect(listFaults(page)).toEqual([]);
    },
  );

  test('is played by the simulator, each of the city, without a reading that is refused', async () => {
    const { rejections: refusedBefore } = await get<{ rejections: object[] }>('v1/rejections');
    const totals = createTotals();
    const others = new Set([...deviceKinds.keys()].filter((name) => name !== kind));
    const run = startCity(
      {
        ...{
          city,
          url: house.mqttUrl,
          credentials: new Map(),
          seed: 7,
          speed: 1,
          without: others,
          faults: new Set(),
          formats: new Set(['siaga']),
        },
        ...{ silentChance: undefined, refuseChance: undefined, ownCases: false },
      },
      realClock,
      totals,
    );
    try {
      await eventually(async () => {
        const { devices } = await get<DeviceList>(`v1/devices?kind=${kind}`);
        const heard = devices.filter(({ last }) => last?.simulated);
        expect(heard.length).toBe(totals.devices);
        for (const { last } of heard) {
          expect(Object.keys(last?.values ?? {}).sort()).toEqual(Object.keys(said?.simulated ?? {}).sort());
        }
      }, PATIENCE_MS);
    } finally {
      await run.fleet.finish(1_000);
    }
    expect(totals.devices).toBeGreaterThanOrEqual(3);
    expect((await get<{ rejections: object[] }>('v1/rejections')).rejections).toEqual(refusedBefore);
  });

  test('is missed when it is silent, by the rule and in the words of its kind', async () => {
    await using alarms = await openAlertHouse({ city });
    const openRules = async () =>
      (await alarms.database.selectFrom('alerts').select(['rule', 'subject', 'state']).execute())
        .filter(({ subject }) => subject === device)
        .map(({ rule, state }) => `${rule} ${state}`);
    await alarms.read(readingOf(device, START_MS, values, { kind }));
    await alarms.wait((said?.silentAfterS ?? 0) * 1_000 - MINUTE_MS);
    expect(await openRules()).toEqual([]);
    await alarms.wait(5 * MINUTE_MS);
    expect(await openRules()).toEqual([`${said?.silence?.rule} open`]);
    const [notice] = alarms.told;
    expect(notice?.alert.label).toEqual(said?.silence?.label);
    await alarms.read(readingOf(device, alarms.clock.ms, values, { kind }));
    await alarms.wait(5 * MINUTE_MS);
    expect(await openRules()).toEqual([`${said?.silence?.rule} resolved`]);
  });
});

test('what a market terminal took is right whichever reports are lost, late or sent twice', async () => {
  await using house = await openRoomHouse();
  const endMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
  const report = (minutesAgo: number, paymentsTotal: number, amountTotalIdr: number) => ({
    ...{ measuredAt: endMs - minutesAgo * MINUTE_MS, seq: 100 - minutesAgo, paymentsTotal, amountTotalIdr },
  });
  // Between the second and the third some were lost; then it was wiped, and said 0 before its first payment.
  const [first, late, third, wiped, last] = [
    report(50, 10, 400_000),
    report(40, 12, 450_000),
    report(20, 19, 900_000),
    report(10, 0, 0),
    report(5, 25, 1_000_000),
  ] as const;
  for (const sent of [first, third, third, wiped, late, first, last, last]) {
    await house.publish('market-terminal', 'terminal-johar-1', sent);
  }
  const ask = async (fromMs: number, every: string) => {
    const range = `from=${fromMs}&to=${endMs + MINUTE_MS}&every=${every}&fn=increase`;
    const answer = await fetch(new URL(`v1/devices/terminal-johar-1/readings?${range}`, house.url), {
      headers: { authorization: `Bearer ${house.adminToken}` },
    });
    const { points } = (await answer.json()) as { points: { values: Record<string, number> }[] };
    const sum = (name: string) => points.reduce((total, { values }) => total + (values[name] ?? 0), 0);
    return [sum('paymentsTotal'), sum('amountTotalIdr')];
  };
  for (const every of ['1m', '7m', '1d']) {
    expect(await ask(endMs - 60 * MINUTE_MS, every)).toEqual([9 + 25, 500_000 + 1_000_000]);
    // From the middle, where the report before it is not in the range.
    expect(await ask(endMs - 30 * MINUTE_MS, every)).toEqual([7 + 25, 450_000 + 1_000_000]);
  }
});

test('a bus out of service may be silent', async () => {
  await using alarms = await openAlertHouse({ city });
  const values = { service: 'out-of-service' };
  await alarms.read(readingOf('bus-wisata-1', START_MS, values, { kind: 'tour-bus' }));
  await alarms.wait(30 * MINUTE_MS, 5_000);
  expect(alarms.told).toEqual([]);
});

interface DeviceList {
  readonly total: number;
  readonly devices: readonly {
    readonly id: string;
    readonly liveness: string;
    readonly last?: {
      readonly simulated: boolean;
      readonly values: Readonly<Record<string, number | string>>;
    };
  }[];
}

/** Reads the live stream until it holds a text; resolves with all of it. */
async function openStream(url: string, token?: string): Promise<{ until(wanted: string): Promise<string> }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { body } = await fetch(new URL('v1/stream', url), { headers });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  return {
    async until(wanted) {
      let text = '';
      while (!text.includes(wanted)) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended after ${text}`);
        text += value;
      }
      await reader?.cancel();
      return text;
    },
  };
}
