/**
 * SenML: a pack of records under the device's id, with the time of all of them. It has no count, no birth and no
 * will.
 */
import type { Encoder } from './encoder.ts';

/** Of RFC 8428 with the secondary units of RFC 8798 (`mm`, `dBm`), as RFC 9100 numbers it. */
const VERSION = 26;
const UNITS: Readonly<Record<string, string>> = {
  ...{ levelM: 'm', distanceM: 'm', rainMm: 'mm', batteryV: 'V', rssiDbm: 'dBm' },
};

export const senml: Encoder = {
  name: 'senml',
  kinds: new Set(['river-gauge']),
  quantities: new Set(Object.keys(UNITS)),
  hasTime: true,
  encode: ({ id }, { measured, measuredAtMs }) => {
    const known = Object.entries(measured).filter(([name]) => Object.hasOwn(UNITS, name));
    const base = { bn: `${id}/`, bt: measuredAtMs / 1000, bver: VERSION };
    const records = known.map(([n, v], index) => ({ ...(index === 0 ? base : {}), n, u: UNITS[n], v }));
    return { topic: `senml/${id}`, payload: JSON.stringify(records) };
  },
};
