/**
 * OpenWISP on an OpenWrt access point: NetJSON, with a list of the clients' addresses, which are made up here.
 *
 * It knows nothing of round trips, losses and air time; its time is in whole seconds.
 */
import { type Encoder, hardwareAddressOf, withColons } from './encoder.ts';

export const openwisp: Encoder = {
  name: 'openwisp',
  kinds: new Set(['wifi-access-point']),
  quantities: new Set(['clients', 'rxBytes', 'txBytes', 'uptimeS']),
  hasTime: true,
  encode: ({ id }, { measured: { clients, rxBytes, txBytes, uptimeS }, measuredAtMs }) => ({
    topic: `openwisp/${id}`,
    payload: JSON.stringify({
      type: 'DeviceMonitoring',
      general: { hostname: id, uptime: uptimeS, local_time: Math.floor(measuredAtMs / 1000) },
      interfaces: [
        {
          ...{ name: 'wlan0', type: 'wireless', mac: withColons(hardwareAddressOf(id, 6)) },
          statistics: { rx_bytes: rxBytes, tx_bytes: txBytes },
          wireless: { mode: 'access_point', clients: Array.from({ length: Number(clients) }, clientAt) },
        },
      ],
    }),
  }),
};

function clientAt(_: unknown, index: number): object {
  return { mac: `02:00:00:00:${hexByte(index >> 8)}:${hexByte(index & 255)}`, signal: -60 };
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
