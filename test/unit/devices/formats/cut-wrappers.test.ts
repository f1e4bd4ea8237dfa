/**
 * Lists within the messages of formats that end early, are broken or too long: their sound part, and what is told of
 * the rest.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { parseCutObject } from '../../../../devices/cut-json.ts';
import { createChirpstack } from '../../../../devices/formats/chirpstack.ts';
import { type Claim, type Format, isClaims } from '../../../../devices/formats/format.ts';
import { createMapped } from '../../../../devices/formats/mapped.ts';
import { openwisp } from '../../../../devices/formats/openwisp.ts';
import { MAX_LISTED_READINGS } from '../../../../devices/formats/sensor-object.ts';
import { tasmota } from '../../../../devices/formats/tasmota.ts';
import { createTheThingsStack } from '../../../../devices/formats/the-things-stack.ts';
import { unifi } from '../../../../devices/formats/unifi.ts';

const mapped = createMapped();
const chirpstack = createChirpstack();
const theThingsStack = createTheThingsStack();
afterAll(() => mapped[Symbol.asyncDispose]());

const UPLINK = 'application/1/device/a84041ffff123456/event/up';
const deviceInfo = { devEui: 'a84041ffff123456' };
const entry = (distance: number, timestamp = 1_768_444_200 + distance) => ({ timestamp, distance });

async function read(format: Format, topic: string, payload: unknown, options = {}) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const decoded = await format.decode({ topic, payload: Buffer.from(text), receivedAt: 0, options });
  const claims: readonly Claim[] = isClaims(decoded)
    ? decoded
    : [{ aliases: [], items: [], rejection: decoded }];
  return {
    items: claims.flatMap(({ items }) => items),
    presences: claims.flatMap(({ presence }) => presence ?? []),
    told: claims.flatMap(({ rejection }) => (rejection ? [`${rejection.reason}: ${rejection.detail}`] : [])),
  };
}

/** The text of an event up to these words. */
const upTo = (event: object, words: string) => {
  const text = JSON.stringify(event);
  return text.slice(0, text.indexOf(words) + words.length);
};

describe('the object of an uplink', () => {
  const uplink = (object: unknown) => ({ deviceInfo, fCnt: 7, object });

  test('may have a list of readings by any name, and tells what of it is none', async () => {
    const list = [entry(30), null, { ...entry(31), distance: 'No Sensor' }, { distance: 32 }, { noise: 1 }];
    const { items, told } = await read(chirpstack, UPLINK, uplink({ distance: 40, samples: list }));
    expect(items).toEqual([
      { distanceM: 0.03, measuredAt: 1_768_444_230 },
      { seq: 7, distanceM: 0.04 },
    ]);
    expect(told).toHaveLength(1);
    for (const words of ['is no object', '"No Sensor"', 'no timestamp', 'no quantity'])
      expect(told[0]).toContain(words);
  });

  test('may be a list itself', async () => {
    expect(await read(chirpstack, UPLINK, uplink([entry(30), entry(31)]))).toMatchObject({
      items: [{ distanceM: 0.03 }, { distanceM: 0.031 }],
      told: [],
    });
    expect(await read(chirpstack, UPLINK, uplink([{ distance: 30 }]))).toMatchObject({
      items: [{ distanceM: 0.03, seq: 7 }],
    });
  });

  test('has a list that is too long read up to the bound', async () => {
    const list = Array.from({ length: MAX_LISTED_READINGS + 3 }, (_, n) => entry(n + 1));
    const { items, told } = await read(chirpstack, UPLINK, uplink({ history: list }));
    expect(items).toHaveLength(MAX_LISTED_READINGS);
    expect(told).toEqual([expect.stringMatching(/^too-many-readings: .*3 are left out/)]);
  });

  test('marks the list as simulated where it is', async () => {
    const { items } = await read(
      chirpstack,
      UPLINK,
      uplink({ simulated: true, distance: 30, history: [entry(31)] }),
    );
    expect(items.map(({ simulated }) => simulated)).toEqual([true, true]);
  });

  test('is left alone where a list of it holds no readings', async () => {
    const object = { levelM: 1.4, errors: ['low battery'], raw: [1, 2, 3], tags: [{ name: 'x' }] };
    expect(await read(chirpstack, UPLINK, uplink(object))).toEqual({
      items: [{ seq: 7, levelM: 1.4 }],
      presences: [],
      told: [],
    });
  });
});

describe('an event of ChirpStack that ends early', () => {
  const event = {
    deviceInfo,
    fCnt: 7,
    object: { distance: 40, history: [entry(30), entry(31)] },
    rxInfo: [{ rssi: -90 }, { rssi: -80 }],
  };

  test('has its object where that is complete', async () => {
    const { items, told } = await read(chirpstack, UPLINK, upTo(event, '{"rssi":-8'));
    expect(items.at(-1)).toEqual({ rssiDbm: -90, seq: 7, distanceM: 0.04 });
    expect(told).toEqual([expect.stringMatching(/^not-json: .*ends early, in rxInfo/)]);
  });

  test('has the complete entries of its list, and no value that its end could take back', async () => {
    const { items, told } = await read(chirpstack, UPLINK, upTo(event, '"distance":3'));
    expect(items).toEqual([]);
    const further = await read(chirpstack, UPLINK, upTo(event, '"distance":31'));
    expect(further.items).toEqual([{ distanceM: 0.03, measuredAt: 1_768_444_230 }]);
    expect(told[0]).toContain('ends early, in object.history');
  });

  test('is refused where its device is not in it', async () => {
    const { items, told } = await read(chirpstack, UPLINK, '{"deviceInfo":{"devEu');
    expect([items, told[0]]).toEqual([[], expect.stringMatching(/^not-json: .*ends early/)]);
  });
});

describe('The Things Stack', () => {
  const event = {
    end_device_ids: { device_id: 'g1' },
    uplink_message: { decoded_payload: { levelM: 4.2 } },
    simulated: true,
  };

  test('is heard and not believed where the event ends before it could say that it is simulated', async () => {
    const { items, presences, told } = await read(theThingsStack, 'v3/a/devices/g1/up', upTo(event, '4.2}}'));
    expect([items, presences]).toEqual([[], ['online']]);
    expect(told[0]).toContain('whether it is simulated');
  });

  test.each([chirpstack, theThingsStack])(
    'and $name: events that were gathered in a list',
    async (format) => {
      const one =
        format === chirpstack ? { deviceInfo, object: { levelM: 1 } } : { ...event, simulated: false };
      const topic = format === chirpstack ? 'x' : 'y';
      const text = `[${JSON.stringify(one)},7,{"a":1},${JSON.stringify(one)},{"devi`;
      const { items, told } = await read(format, topic, text);
      expect(items).toHaveLength(2);
      expect(told[0]).toMatch(/cut off.*expected|expected.*cut off/);
      expect((await read(format, topic, '[]')).told).toEqual([expect.stringContaining('empty-batch')]);
    },
  );
});

describe('others', () => {
  test('UniFi: the complete access points of a list that ends early', async () => {
    const point = { type: 'uap', mac: 'm1', state: 1, num_sta: 3 };
    for (const event of [{ meta: {}, data: [point, point] }, [point, point]]) {
      const { items, told } = await read(unifi, 'x', upTo(event, 'sta":3},{"type":"uap","mac"'));
      expect(items).toEqual([{ clients: 3 }]);
      expect(told[0]).toMatch(/ends early|cut off/);
    }
    const { items, told } = await read(unifi, 'x', { data: [null, point, 7] });
    expect([items, told]).toEqual([[{ clients: 3 }], ['not-an-object: 2 of the list are no devices']]);
  });

  test('OpenWISP: reports in a list; one that ends early is none, since its clients would be too few', async () => {
    const report = {
      type: 'DeviceMonitoring',
      general: { hostname: 'ap' },
      interfaces: [{ type: 'wireless', wireless: { clients: [1] } }],
    };
    expect((await read(openwisp, 'x', [report, report])).items).toHaveLength(2);
    const { items, told } = await read(openwisp, 'openwisp/ap', upTo(report, '"clients":[1]}}'));
    expect([items, told[0]]).toEqual([[], expect.stringContaining('ends early')]);
  });

  test('Tasmota: the complete sensors', async () => {
    const text =
      '{"Time":"2026-01-15T02:30:00","SR04":{"Distance":142.1},"BAT":{"BatteryV":3.4},"X":{"WaterLevel":1';
    const { items, told } = await read(tasmota, 'tele/kali/SENSOR', text);
    expect(items).toEqual([{ distanceM: 1.421, batteryV: 3.4 }]);
    expect(told).toEqual([expect.stringContaining('ends early, in X')]);
  });

  test('a mapping is given the complete items of a list', async () => {
    const options = { mapping: '$.{"levelM": tma}' };
    const { items, told } = await read(mapped, 'x', '[{"tma":1},{"tma":2},{"tma":3', options);
    expect(items).toEqual([{ levelM: 1 }, { levelM: 2 }]);
    expect(told).toEqual([expect.stringContaining('item 3 of the message is cut off')]);
  });
});

describe('a text that ends early', () => {
  test('is read at no place as something else than it was', () => {
    const whole = {
      a: 1.42,
      b: [{ c: 'x, "y": [', d: [1, 2] }, { c: 'z' }],
      e: { f: -1e3, g: null, h: [[1], [2]] },
      i: true,
    };
    const text = JSON.stringify(whole);
    for (let end = 1; end < text.length; end++) {
      const cut = parseCutObject(Buffer.from(text.slice(0, end)));
      if (cut) expect(whole).toMatchObject(withoutEmpty(cut.json));
    }
  });

  test.each([
    '{'.repeat(100_000),
    '{"a":'.repeat(50_000),
    `{"a":"${'\\"'.repeat(100_000)}`,
    `{"a":[${'{},'.repeat(80_000)}`,
    '[1',
    '',
    '{}',
    '{"a":1}}',
  ])('costs no time and throws nothing: %#', (text) => {
    const cut = parseCutObject(Buffer.from(text));
    if (cut) expect(cut.rejection.detail.length).toBeLessThan(300);
  });
});

/** Lists that have lost their last elements compare up to their length. */
function withoutEmpty(json: unknown): object {
  if (Array.isArray(json)) return Object.fromEntries(json.map((each, index) => [index, each]));
  const members = Object.entries(json as object);
  return Object.fromEntries(
    members.map(([name, each]) => [
      name,
      typeof each === 'object' && each !== null ? withoutEmpty(each) : each,
    ]),
  );
}
