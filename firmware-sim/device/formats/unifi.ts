/**
 * UniFi: a controller that lists its access points, here one a message, as each reports to it.
 *
 * The controller knows when an access point is gone and says so. Round trips and losses are not in its list.
 */
import { type Encoder, hardwareAddressOf, withColons } from './encoder.ts';

const CONNECTED = 1;
const GONE = 0;

export const unifi: Encoder = {
  name: 'unifi',
  kinds: new Set(['wifi-access-point']),
  quantities: new Set(['clients', 'rxBytes', 'txBytes', 'uptimeS', 'channelUtilizationPct']),
  gateway: 'gateway:sim-unifi',
  hasTime: true,
  reportsOnReturn: true,
  aliasesOf: (id) => [hardwareAddressOf(id, 6)],
  encode: ({ id }, { measured, measuredAtMs }) => {
    const { clients, rxBytes, txBytes, uptimeS, channelUtilizationPct } = measured;
    return list(id, {
      ...{ state: CONNECTED, num_sta: clients, rx_bytes: rxBytes, tx_bytes: txBytes, uptime: uptimeS },
      radio_table_stats: [{ name: 'wifi0', cu_total: channelUtilizationPct }],
      last_seen: Math.floor(measuredAtMs / 1000),
    });
  },
  formatPresence: ({ id }, presence) => (presence === 'offline' ? list(id, { state: GONE }) : undefined),
};

function list(id: string, more: object) {
  const point = { mac: withColons(hardwareAddressOf(id, 6)), name: id, type: 'uap', ...more };
  return { topic: 'unifi/stat/device', payload: JSON.stringify({ meta: { rc: 'ok' }, data: [point] }) };
}
