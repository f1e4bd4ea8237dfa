/** Configs of devices: they go down until the device says that it has them, in its own words. */
import { pino } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import type { Database } from '../../../database/database.ts';
import { isClaims } from '../../../devices/formats/format.ts';
import { createFormats } from '../../../devices/formats/index.ts';
import { readConfigs } from '../../../fleet/config-book.ts';
import { ConfigDelivery } from '../../../fleet/config-delivery.ts';
import { createMayListen } from '../../../fleet/down-topics.ts';
import { orderConfig } from '../../../fleet/order-config.ts';
import type { RegisteredDevice, Registry } from '../../../fleet/registry.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

const START_MS = Date.UTC(2026, 0, 15, 2, 30);
const EUI = 'a84041ffff123456';
const OWN = 'siaga/semarang/river-gauge/bendung/config';

const open: Database[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.destroy();
});

interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

async function openHouse(spoken: Partial<RegisteredDevice> = {}, shared?: Database) {
  const database = shared ?? (await openMemoryDatabase());
  if (!shared) open.push(database);
  const clock = { ms: START_MS };
  const device: RegisteredDevice = { id: 'bendung', kind: 'river-gauge', name: 'Bendung', ...spoken };
  const registry: Registry = {
    city: 'semarang',
    find: (id) => (id === device.id ? device : undefined),
    all: () => [device],
    gateways: () => [{ id: 'gateway:lora', format: 'chirpstack' }],
    reload: async () => undefined,
  };
  const formats = createFormats();
  const published: Published[] = [];
  const outside: Published[] = [];
  const broker = { isOpen: true, hasOutside: false };
  const expected: unknown[] = [];
  const fleet = { expectInterval: (...told: unknown[]) => void expected.push(told) };
  const delivery = new ConfigDelivery({
    fleet,
    ...{ database, registry, formats, metrics: new Metrics(), log: pino({ level: 'silent' }) },
    now: () => clock.ms,
    async publish(topic, payload, { retain }) {
      if (!broker.isOpen) throw new Error('the broker is not open yet');
      published.push({ topic, payload, retain });
    },
    async publishOutside(_gateway, topic, payload) {
      if (broker.hasOutside) outside.push({ topic, payload, retain: false });
      return broker.hasOutside;
    },
  });
  const order = (input: Record<string, unknown>) =>
    orderConfig({ database, formats }, { device, input, actor: 'budi', atMs: clock.ms });
  const [desired] = [() => readConfigs(database, 'bendung', 1).then(([line]) => line)];
  return {
    database,
    clock,
    registry,
    formats,
    published,
    outside,
    broker,
    delivery,
    order,
    desired,
    expected,
  };
}

test('is retained on the device’s own topic until the device names it, and is then taken away', async () => {
  const house = await openHouse();
  expect(await house.order({ reportIntervalS: 300, sirenLevelM: 2.5 })).toEqual({ revision: 1 });
  await house.delivery.deliver();
  const payload = JSON.stringify({ config: '1', reportIntervalS: 300, sirenLevelM: 2.5 });
  expect(house.published).toEqual([{ topic: OWN, payload, retain: true }]);
  expect(await house.desired()).toMatchObject({ setBy: 'budi', sentAt: START_MS, sends: 1 });
  // Rounds without news send nothing.
  await house.delivery.deliver();
  expect(house.published).toHaveLength(1);
  house.clock.ms += 5_000;
  house.delivery.hear('bendung', { topic: 'x' }, { revision: 1 });
  await house.delivery.deliver();
  expect(await house.desired()).toMatchObject({ confirmedAt: START_MS + 5_000 });
  expect(house.expected).toEqual([['bendung', 300_000, START_MS + 5_000]]);
  expect(house.published.at(-1)).toEqual({ topic: OWN, payload: '', retain: true });
  expect(house.published).toHaveLength(2);
});

test('outlasts a restart, and a broker that is not open yet', async () => {
  const before = await openHouse();
  before.broker.isOpen = false;
  await before.order({ reportIntervalS: 60 });
  await before.delivery.deliver();
  expect(await before.desired()).toMatchObject({ sends: 0 });
  before.broker.isOpen = true;
  await before.delivery.deliver();
  const after = await openHouse({}, before.database);
  await after.delivery.deliver();
  expect(after.published).toEqual(before.published);
  expect(after.published).toHaveLength(1);
});

test('a downlink does not go again for a restart, and one that was acknowledged meanwhile is done', async () => {
  const node: Partial<RegisteredDevice> = { format: 'chirpstack', aliases: [EUI] };
  const up = { topic: `application/1/device/${EUI}/event/up`, identity: 'gateway:lora' };
  const before = await openHouse(node);
  before.broker.hasOutside = true;
  await before.order({ reportIntervalS: 60 });
  await before.delivery.deliver();
  before.delivery.hear('bendung', up);
  await before.delivery.deliver();
  expect(before.outside).toHaveLength(1);

  const after = await openHouse(node, before.database);
  after.broker.hasOutside = true;
  await after.delivery.deliver();
  after.clock.ms += 60_000;
  after.delivery.hear('bendung', up);
  await after.delivery.deliver();
  expect(after.outside).toEqual([]);
  after.clock.ms += 600_000;
  after.delivery.hear('bendung', up);
  await after.delivery.deliver();
  expect(after.outside).toEqual(before.outside);

  // Its acknowledgement waited at the outside broker, and comes before the book is read.
  const last = await openHouse(node, before.database);
  last.broker.hasOutside = true;
  last.delivery.hear('bendung', up, { revision: 1 });
  await last.delivery.deliver();
  expect(await last.desired()).toMatchObject({ confirmedAt: START_MS });
  last.delivery.hear('bendung', up);
  await last.delivery.deliver();
  expect(last.outside).toEqual([]);
});

test('the echo of an older one confirms nothing, and a newer one stands in its place', async () => {
  const house = await openHouse();
  await house.order({ reportIntervalS: 60 });
  await house.delivery.deliver();
  await house.order({ reportIntervalS: 120 });
  await house.delivery.deliver();
  house.delivery.hear('bendung', { topic: 'x' }, { revision: 1 });
  house.delivery.hear('bendung', { topic: 'x' }, { revision: 7 });
  await house.delivery.deliver();
  expect(await house.desired()).not.toHaveProperty('confirmedAt');
  expect(house.published.map(({ payload }) => JSON.parse(payload).config)).toEqual(['1', '2']);
});

test('to Tasmota it is its TelePeriod under the name as it writes it, and its own answer confirms it', async () => {
  const house = await openHouse({ format: 'tasmota', aliases: ['tasmota_ab12'] });
  expect(await house.order({ sirenLevelM: 2 })).toEqual({ noWay: expect.stringContaining('TelePeriod') });
  expect(await house.order({ reportIntervalS: 7_200 })).toEqual({ noWay: expect.stringContaining('3600') });
  await house.order({ reportIntervalS: 60 });
  await house.delivery.deliver();
  expect(house.published).toEqual([]);
  house.delivery.hear('bendung', { topic: 'tele/Tasmota_AB12/LWT' });
  await house.delivery.deliver();
  expect(house.published).toEqual([{ topic: 'cmnd/Tasmota_AB12/TelePeriod', payload: '60', retain: true }]);
  const echo = async (json: string) => {
    const topic = 'stat/Tasmota_AB12/RESULT';
    const decoded = await house.formats
      .get('tasmota')
      ?.decode({ topic, payload: Buffer.from(json), receivedAt: 0 });
    const claim = decoded && isClaims(decoded) ? decoded[0] : undefined;
    house.delivery.hear('bendung', { topic }, claim?.config);
    await house.delivery.deliver();
  };
  await echo('{"TelePeriod":300}');
  expect(await house.desired()).not.toHaveProperty('confirmedAt');
  await echo('{"TelePeriod":60}');
  expect(await house.desired()).toHaveProperty('confirmedAt');
  expect(house.published.slice(1).map(({ payload }) => payload)).toEqual(['']);
});

test.each<[string, string, string, (sent: Record<string, never>) => object, string]>([
  [
    'chirpstack',
    `application/17/device/${EUI}/event/up`,
    `application/17/device/${EUI}/command/down`,
    ({ id }) => ({ deviceInfo: { devEui: EUI }, acknowledged: true, queueItemId: id }),
    `application/17/device/${EUI}/event/ack`,
  ],
  [
    'the-things-stack',
    'v3/water@ttn/devices/gauge-7/up',
    'v3/water@ttn/devices/gauge-7/down/replace',
    ({ downlinks }) => ({
      end_device_ids: { device_id: 'gauge-7' },
      downlink_ack: (downlinks as unknown as object[])[0] as object,
    }),
    'v3/water@ttn/devices/gauge-7/down/ack',
  ],
])(
  '%s: waits for a word of the node, goes again after ten minutes, and its acknowledgement confirms it',
  async (format, up, down, ack, ackTopic) => {
    const house = await openHouse({ format, aliases: [EUI, 'gauge-7'] });
    await house.order({ reportIntervalS: 900 });
    await house.delivery.deliver();
    expect(house.published).toEqual([]);
    const heardAt = async (ms: number) => {
      house.clock.ms = START_MS + ms;
      house.delivery.hear('bendung', { topic: up, identity: 'gateway:lora' });
      await house.delivery.deliver();
    };
    await heardAt(1_000);
    await heardAt(60_000);
    expect(house.published).toMatchObject([{ topic: down, retain: false }]);
    house.broker.hasOutside = true;
    await heardAt(602_000);
    expect(house.outside).toEqual(house.published);
    const sent = JSON.parse(house.outside[0]?.payload as string) as Record<string, never>;
    expect(JSON.stringify(sent)).toContain('"reportIntervalS":900');
    const payload = Buffer.from(JSON.stringify(ack(sent)));
    const decoded = await house.formats.get(format)?.decode({ topic: ackTopic, payload, receivedAt: 0 });
    const claim = decoded && isClaims(decoded) ? decoded[0] : undefined;
    house.delivery.hear('bendung', { topic: ackTopic }, claim?.config);
    await house.delivery.deliver();
    expect(await house.desired()).toMatchObject({ sends: 2, confirmedAt: START_MS + 602_000 });
  },
);

test.each<[Record<string, unknown>, string]>([
  [{}, 'at least one'],
  [{ reportIntervalS: 1 }, 'from 5 to 86400'],
  [{ reportIntervalS: 60.5 }, 'whole number'],
  [{ reportIntervalS: '60' }, 'whole number'],
  [{ sirenLevelM: 1_000 }, 'from -20 to 120'],
  [{ sirenClearLevelM: 2 }, 'needs sirenLevelM'],
  [{ sirenLevelM: 2, sirenClearLevelM: 2.5 }, 'must be below'],
  [{ colour: 1 }, 'no setting colour'],
  [JSON.parse('{"__proto__": 1}'), '__proto__'],
])('%j is refused in a sentence, and nothing is written', async (input, why) => {
  const house = await openHouse();
  expect(await house.order(input)).toEqual({ problems: [expect.stringContaining(why)] });
  expect(await house.desired()).toBeUndefined();
});

test('a format that cannot be spoken to says so', async () => {
  const house = await openHouse({ format: 'owntracks' });
  expect(await house.order({ reportIntervalS: 60 })).toEqual({ noWay: expect.stringContaining('owntracks') });
});

test('fifty lines of a device are kept', async () => {
  const house = await openHouse();
  for (let n = 0; n < 60; n++) await house.order({ reportIntervalS: 60 + n });
  const lines = await readConfigs(house.database, 'bendung', 100);
  expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => 60 - n));
});

test('a device listens under its own names alone, a gateway in its format alone', async () => {
  const { registry, formats } = await openHouse({ format: 'tasmota', aliases: ['tasmota_ab12'] });
  const may = createMayListen(registry, formats);
  const device = { role: 'device', id: 'bendung' };
  const gateway = { role: 'gateway', id: 'gateway:lora' };
  expect(
    ['cmnd/bendung/#', 'cmnd/tasmota_AB12/+', 'cmnd/tasmota_ab12/TelePeriod'].map((f) => may(device, f)),
  ).toEqual([...[true, true, true]]);
  for (const filter of [
    'cmnd/#',
    'cmnd/+/#',
    'cmnd/tasmotas/#',
    '#',
    'application/+/device/+/command/+',
    'cmnd',
  ]) {
    expect([filter, may(device, filter)]).toEqual([filter, false]);
  }
  expect(may(gateway, 'application/+/device/+/command/+')).toBe(true);
  expect(may(gateway, 'application/+/device/+/command/down')).toBe(true);
  for (const filter of ['application/#', 'application/+/device/+/event/up', 'cmnd/x/#', '#']) {
    expect([filter, may(gateway, filter)]).toEqual([filter, false]);
  }
  expect(may({ role: 'observer', id: 'observer:x' }, 'cmnd/bendung/#')).toBe(false);
});
