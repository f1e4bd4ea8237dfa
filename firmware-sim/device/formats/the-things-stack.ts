/** The Things Stack v3: the network server publishes for its nodes, each by its device id. */
import type { Encoder } from './encoder.ts';
import { decodedObjectOf, devEuiOf, HEARD_BY, NODE_QUANTITIES } from './lorawan-node.ts';

const APPLICATION = 'sungai';

export const theThingsStack: Encoder = {
  name: 'the-things-stack',
  kinds: new Set(['river-gauge']),
  quantities: NODE_QUANTITIES,
  gateway: 'gateway:sim-the-things-stack',
  hasTime: true,
  aliasesOf: (id) => [devEuiOf(id)],
  encode: ({ id }, { measured, measuredAtMs, seq }) => {
    const receivedAt = new Date(measuredAtMs).toISOString();
    return {
      topic: `v3/${APPLICATION}@ttn/devices/${id}/up`,
      payload: JSON.stringify({
        end_device_ids: {
          device_id: id,
          application_ids: { application_id: APPLICATION },
          dev_eui: devEuiOf(id).toUpperCase(),
        },
        received_at: receivedAt,
        uplink_message: {
          ...{ f_port: 2, f_cnt: seq, decoded_payload: decodedObjectOf(measured) },
          rx_metadata: [
            { gateway_ids: { gateway_id: 'balai-kota', eui: HEARD_BY }, rssi: measured['rssiDbm'], snr: 7.5 },
          ],
          received_at: receivedAt,
        },
      }),
    };
  },
};
