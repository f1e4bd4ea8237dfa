/**
 * Bytes of LoRaWAN nodes that no codec decoded: what the inbox says to do, and the mapping of the node that then reads
 * them.
 */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { createMapped } from '../../../devices/formats/mapped.ts';
import { loadFormatCases } from '../../support/format-case.ts';
import { createPipelineHouse, HOUSE_START_MS } from '../../support/pipeline-house.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

const GATEWAY = 'gateway:lora';
const DRAGINO = 'a84041ffff123456';
const MILESIGHT = '24e124136b502217';
const at = new Date(HOUSE_START_MS - 1_000).toISOString();

/** The same uplink as each server sends it. */
const servers = {
  chirpstack: {
    key: 'data',
    topicOf: (devEui: string) => `application/1/device/${devEui}/event/up`,
    uplink: (devEui: string, hex: string) => ({
      ...{ deviceInfo: { devEui, deviceName: 'x' }, time: at, fCnt: 7, fPort: 2 },
      data: Buffer.from(hex, 'hex').toString('base64'),
    }),
  },
  'the-things-stack': {
    key: 'uplink_message.frm_payload',
    topicOf: (devEui: string) => `v3/app@ttn/devices/eui-${devEui}/up`,
    uplink: (devEui: string, hex: string) => ({
      end_device_ids: { device_id: `eui-${devEui}`, dev_eui: devEui },
      uplink_message: {
        ...{ f_port: 2, f_cnt: 7, received_at: at },
        frm_payload: Buffer.from(hex, 'hex').toString('base64'),
      },
    }),
  },
};

const mapped = createMapped();
afterAll(() => mapped[Symbol.asyncDispose]());

describe.each(Object.entries(servers))('bytes that come through %s', (format, { key, topicOf, uplink }) => {
  const houseOf = (mappings: { bendung?: string; hulu?: string; gateway?: string }) => {
    const spoken = (devEui: string, mapping?: string) => ({
      ...{ format, aliases: [devEui] },
      ...(mapping === undefined ? {} : { options: { mapping } }),
    });
    return createPipelineHouse({
      mapped,
      city: buildSmallCity([
        gauge('bendung', { sensorHeightM: 5, sensorRangeM: [0, 5] }),
        gauge('hulu', { sensorHeightM: 4, sensorRangeM: [0, 4] }),
      ]),
      gateways: [
        { id: GATEWAY, format, ...(mappings.gateway ? { options: { mapping: mappings.gateway } } : {}) },
      ],
      devices: { bendung: spoken(DRAGINO, mappings.bendung), hulu: spoken(MILESIGHT, mappings.hulu) },
    });
  };
  const dragino = `{"distance_mm": $uint($bytes(${key}), 2, 2)}`;
  const milesight = `($f := $fields($bytes(${key}), {"0175": 1, "0382": 2}); {"distance_mm": $uintLE($f."0382", 0, 2)})`;

  test('say what they are and the two ways to have them read', async () => {
    const house = houseOf({});
    const sent = house.publish(topicOf(DRAGINO), uplink(DRAGINO, '0d4e04d200000001'), GATEWAY);
    expect(await sent).toMatchObject({ stored: 0, rejected: 1 });
    const outcome = house.inbox.look('bendung')[0]?.outcome;
    for (const part of [
      '8 bytes',
      'DU4E0gAAAAE=',
      'port 2',
      "the maker's codec",
      '--mapping',
      `$bytes(${key})`,
    ]) {
      expect(outcome).toContain(part);
    }
  });

  test('are read by the mapping of each node, one connection for nodes of several makers', async () => {
    const house = houseOf({ bendung: dragino, hulu: milesight });
    await house.publish(topicOf(DRAGINO), uplink(DRAGINO, '0d4e04d200000001'), GATEWAY);
    await house.publish(topicOf(MILESIGHT), uplink(MILESIGHT, '01756403821e05'), GATEWAY);
    expect(house.readings).toMatchObject([
      { device: 'bendung', measuredAt: Date.parse(at), values: { levelM: 3.766, distanceM: 1.234 } },
      { device: 'hulu', values: { levelM: 2.69, distanceM: 1.31 } },
    ]);
    expect(house.rejections).toEqual([]);
  });

  test('are read by the mapping of the gateway where the node has none of its own', async () => {
    const house = houseOf({ gateway: dragino, hulu: milesight });
    await house.publish(topicOf(DRAGINO), uplink(DRAGINO, '0d4e04d200000001'), GATEWAY);
    await house.publish(topicOf(MILESIGHT), uplink(MILESIGHT, '01756403821e05'), GATEWAY);
    expect(house.readings.map(({ values }) => values['distanceM'])).toEqual([1.234, 1.31]);
  });

  test('of a message that is too short for the mapping say so to the node, and cost no other one', async () => {
    const house = houseOf({ bendung: dragino });
    const events = [uplink(DRAGINO, '0d4e'), uplink(DRAGINO, '0d4e04d2')];
    expect(await house.publish(topicOf(DRAGINO), events, GATEWAY)).toMatchObject({ stored: 1, rejected: 1 });
    const told = house.inbox.look('bendung').map(({ outcome }) => outcome);
    expect(told.join()).toContain('$uint: bytes 2 to 3 of a message of 2');
  });
});

test.each(['dragino-bytes', 'decentlab-bytes', 'milesight-em310-bytes', 'milesight-udl-bytes'])(
  'the mapping of %s is on the page as it was tried',
  (name) => {
    const page = readFileSync(`${import.meta.dirname}/../../../docs/devices/chirpstack.md`, 'utf8');
    const tried = loadFormatCases('chirpstack').find((each) => each.name === name);
    expect(page).toContain(`\`${tried?.options?.['mapping']}\``);
  },
);
