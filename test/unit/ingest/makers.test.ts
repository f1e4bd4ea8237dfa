/** Messages as makers document them, of devices that were registered and told nothing else: what becomes of each. */
import { afterAll, describe, expect, test } from 'vitest';
import { createMapped } from '../../../devices/formats/mapped.ts';
import { createPipelineHouse, HOUSE_START_MS } from '../../support/pipeline-house.ts';
import { ambulance, buildSmallCity, gauge } from '../../support/small-city.ts';

const AT_S = Math.floor(HOUSE_START_MS / 1000) - 5;
const mapped = createMapped();
afterAll(() => mapped[Symbol.asyncDispose]());

const city = buildSmallCity([gauge('kali', { sensorHeightM: 5, sensorRangeM: [0, 5] }), ambulance('motor')]);

async function publish(id: string, format: string, topic: string, sent: unknown, aliases: string[] = []) {
  const house = createPipelineHouse({ mapped, city, devices: { [id]: { format, aliases } } });
  await house.publish(topic, sent, id);
  return house;
}

describe('is read as it comes', () => {
  test.each<[string, string, string, string, unknown, object, string[]?]>([
    [
      'Zigbee2MQTT, a level sensor',
      ...(['kali', 'mapped', 'zigbee2mqtt/kali'] as const),
      { battery: 100, linkquality: 120, liquid_depth: 1.42, liquid_state: 'normal', voltage: 3100 },
      { levelM: 1.42, batteryPct: 100 },
    ],
    [
      'ThingsBoard, where the device is who sends',
      ...(['kali', 'mapped', 'v1/devices/me/telemetry'] as const),
      { ts: AT_S * 1_000, values: { water_level_cm: 142, battery_v: 12.6 } },
      { levelM: 1.42, batteryV: 12.6 },
    ],
    [
      'ThingsBoard, a list',
      ...(['kali', 'mapped', 'v1/devices/me/telemetry'] as const),
      [{ ts: AT_S * 1_000, values: { level: 1.42 } }],
      { levelM: 1.42 },
    ],
    [
      'flespi with dotted names',
      ...(['motor', 'mapped', 'flespi/message/352625'] as const),
      {
        ...{ ident: '352625', 'position.latitude': -7, 'position.longitude': 110.4, 'position.speed': 36 },
        ...{ timestamp: AT_S, 'battery.level': 80 },
      },
      { lat: -7, lng: 110.4, batteryPct: 80 },
      ['352625'],
    ],
    [
      'OpenMQTTGateway',
      ...(['kali', 'mapped', 'home/OMG/BTtoMQTT/A4C138000001'] as const),
      { id: 'A4:C1:38:00:00:01', name: 'x', rssi: -70, batt: 90, distance_cm: 123.4 },
      { distanceM: 1.234, batteryPct: 90, rssiDbm: -70 },
      ['a4c138000001'],
    ],
    [
      'a position inside of an object',
      ...(['motor', 'mapped', 'trackers/motor'] as const),
      { gps: { lat: -7, lon: 110.4 }, time: AT_S, status: 'available' },
      { lat: -7, lng: 110.4, status: 'available' },
    ],
    ['ESPHome', 'kali', 'value', 'kali/sensor/water_level/state', '1.42', { levelM: 1.42 }],
    ['ESPHome’s signal', 'kali', 'value', 'kali/sensor/water_level_cm/state', '142', { levelM: 1.42 }],
    [
      'OwnTracks on a LoRa tracker',
      ...(['motor', 'owntracks', 'owntracks/motor/tbeam'] as const),
      { _type: 'location', lat: -7, lon: 110.4, tst: AT_S, batt: 80, tid: 'tb' },
      { lat: -7, lng: 110.4, batteryPct: 80 },
    ],
  ])('%s', async (_what, id, format, topic, sent, values, aliases) => {
    const house = await publish(id, format, topic, sent, aliases);
    expect(house.rejections.map(({ detail }) => detail)).toEqual([]);
    expect(house.readings).toHaveLength(1);
    expect(house.readings[0]).toMatchObject({ device: id, values });
  });

  test('its time, where it has one', async () => {
    const house = await publish('kali', 'mapped', 'x/kali', { ts: AT_S, data: { level: 1.42 } });
    expect(house.readings[0]?.measuredAt).toBe(AT_S * 1_000);
  });
});

describe('is a word that it is there or gone, and no reading', () => {
  test.each([
    ['ESPHome', 'value', 'kali/status', 'online', 'online'],
    ['ESPHome’s will', 'value', 'kali/status', 'offline', 'offline'],
    ['Zigbee2MQTT', 'mapped', 'zigbee2mqtt/kali/availability', '{"state":"offline"}', 'offline'],
    ['Shelly', 'value', 'shellies/kali/online', 'true', 'online'],
    ['Shelly’s will', 'mapped', 'kali/online', 'false', 'offline'],
    ['a log of ESPHome', 'value', 'kali/debug', '[D][sensor:094]: Sending state 1.42 m', 'online'],
  ])('%s', async (_what, format, topic, sent, presence) => {
    const house = await publish('kali', format, topic, sent);
    expect([house.readings, house.rejections]).toEqual([[], []]);
    expect(house.presences).toEqual([['kali', presence]]);
  });

  test('but a number on such a topic is none of these', async () => {
    const house = await publish('kali', 'value', 'kali/status', '1.42 m');
    expect(house.presences).toEqual([]);
  });
});

describe('is refused with the way out', () => {
  test.each<[string, string, string, unknown, readonly string[]]>([
    [
      'GeoJSON of Overland',
      ...(['mapped', 'x/kali'] as const),
      { locations: [{ type: 'Feature', geometry: { coordinates: [110.4, -7] } }] },
      ['its keys are locations', '--mapping'],
    ],
    [
      'a level inside of what is no river',
      ...(['mapped', 'x/kali'] as const),
      { fuel: { level: 50 }, 'tank.level': 40 },
      ['its keys are fuel, tank.level', '--mapping'],
    ],
    ['a value without a name', 'value', 'shellies/kali/adc/0', '3.31', ['name the columns']],
    [
      'a topic that names nobody',
      ...(['mapped', 'home/OMG/BTtoMQTT/A4C138000001'] as const),
      { distance: 1_200 },
      ['A4C138000001', 'set kali --alias'],
    ],
    [
      'a key that is nearly one of ours, beside one that is',
      ...(['mapped', 'x/kali'] as const),
      { battery: 90, tma: 1.42, interrupt: 0 },
      [
        'one of levelM, distanceM is required',
        'tma is not read (did you mean levelM?)',
        'interrupt is not read',
      ],
    ],
    [
      'bytes that another program passes on',
      ...(['mapped', 'ruuvi/gw/kali'] as const),
      { gw_mac: 'C8:25', rssi: -60, ts: String(AT_S), data: '0201061BFF9904', coords: '' },
      ['data is not read'],
    ],
    ['text', 'mapped', 'x/kali', '"1.42"', ['expected a JSON object']],
    ['a prototype', 'mapped', 'x/kali', '{"__proto__":{"levelM":9},"data":{"__proto__":{"levelM":9}}}', []],
  ])('%s', async (_what, format, topic, sent, parts) => {
    const house = await publish('kali', format, topic, sent);
    expect(house.readings).toEqual([]);
    const told = house.inbox.look('kali')[0]?.outcome ?? '';
    for (const part of parts) expect(told).toContain(part);
  });
});

test('what is nearly one of ours is told beside a sound reading, and what is nothing of ours is not', async () => {
  const house = await publish('kali', 'mapped', 'x/kali', { level: 1.42, hujan: 3, interrupt: 0 });
  expect(house.readings).toHaveLength(1);
  const told = house.inbox.look('kali')[0]?.outcome;
  expect(told).toContain('hujan is not read (did you mean rainMm?)');
  expect(told).not.toContain('interrupt');
});
