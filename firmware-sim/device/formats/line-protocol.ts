/** Line protocol, as Telegraf writes it over MQTT: a tag for the device, our quantities as fields, nanoseconds. */
import type { Encoder } from './encoder.ts';

const NS_BEHIND_MS = '000000';

export const lineProtocol: Encoder = {
  name: 'line-protocol',
  kinds: new Set(['river-gauge', 'wifi-access-point']),
  hasTime: true,
  encode: ({ kind, id }, { measured, measuredAtMs }) => {
    const fields = Object.entries(measured).map(([name, each]) =>
      typeof each === 'number' ? `${name}=${each}` : `${name}="${each}"`,
    );
    const measurement = kind.replaceAll('-', '_');
    return {
      topic: `telegraf/${id}`,
      payload: `${measurement},device=${id} ${fields.join(',')} ${Math.floor(measuredAtMs)}${NS_BEHIND_MS}\n`,
    };
  },
};
