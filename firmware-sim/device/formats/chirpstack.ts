/**
 * ChirpStack v4: the network server publishes for its nodes, each by its DevEUI. A node keeps nothing that nobody
 * hears.
 */
import { hash } from 'node:crypto';
import type { Encoder } from './encoder.ts';
import { decodedObjectOf, devEuiOf, HEARD_BY, NODE_QUANTITIES } from './lorawan-node.ts';

const APPLICATION = '5149a0a2-0000-4000-8000-000000000001';

export const chirpstack: Encoder = {
  name: 'chirpstack',
  kinds: new Set(['river-gauge']),
  quantities: NODE_QUANTITIES,
  gateway: 'gateway:sim-chirpstack',
  hasTime: true,
  aliasesOf: (id) => [devEuiOf(id)],
  encode: ({ id }, { measured, measuredAtMs, seq }) => {
    const devEui = devEuiOf(id);
    return {
      topic: `application/${APPLICATION}/device/${devEui}/event/up`,
      payload: JSON.stringify({
        deduplicationId: hash('sha256', `${id} ${seq}`).slice(0, 32),
        time: new Date(measuredAtMs).toISOString(),
        deviceInfo: { applicationId: APPLICATION, applicationName: 'sungai', deviceName: id, devEui },
        ...{ fCnt: seq, fPort: 2, confirmed: false, object: decodedObjectOf(measured) },
        rxInfo: [{ gatewayId: HEARD_BY, rssi: measured['rssiDbm'], snr: 7.5 }],
      }),
    };
  },
};
