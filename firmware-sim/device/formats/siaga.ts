/** Siaga's own: everything by our names, with time, count and `simulated`. */
import { formatDeviceTopic } from '../../../devices/topics.ts';
import type { Encoder } from './encoder.ts';

export const siaga: Encoder = {
  name: 'siaga',
  hasTime: true,
  isBatched: true,
  encode: ({ city, kind, id }, { measured, measuredAtMs, seq }) => ({
    topic: formatDeviceTopic({ city, kind, device: id, channel: 'telemetry' }),
    payload: JSON.stringify({
      ...{ measuredAt: new Date(measuredAtMs).toISOString(), seq, simulated: true },
      ...measured,
    }),
  }),
  formatPresence: ({ city, kind, id }, status, firmware) => ({
    topic: formatDeviceTopic({ city, kind, device: id, channel: 'status' }),
    payload: JSON.stringify({ status, ...(status === 'online' ? { firmware } : {}) }),
  }),
};
