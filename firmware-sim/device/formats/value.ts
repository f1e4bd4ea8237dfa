/** A line of numbers, whose columns its operator names: a logger that knows neither JSON nor the time. */
import type { DeviceSite } from '../../../devices/site.ts';
import type { Encoder } from './encoder.ts';

/** In the order in which the logger writes them. */
const COLUMNS = ['levelM', 'distanceM', 'rainMm', 'batteryV', 'rssiDbm'];

export const value: Encoder = {
  name: 'value',
  kinds: new Set(['river-gauge']),
  quantities: new Set(COLUMNS),
  hasTime: false,
  columnsOf: (site) => COLUMNS.filter((name) => measures(site, name)).join(','),
  encode: ({ id }, { measured }) => ({
    topic: `sungai/${id}/nilai`,
    payload: COLUMNS.filter((name) => measured[name] !== undefined)
      .map((name) => measured[name])
      .join(';'),
  }),
};

/** One of the two lengths; and a tide gauge has no bucket. */
function measures(site: DeviceSite, name: string): boolean {
  const { tidal = false, sensorHeightM } = site as {
    readonly tidal?: boolean;
    readonly sensorHeightM?: number;
  };
  if (name === 'levelM') return sensorHeightM === undefined;
  if (name === 'distanceM') return sensorHeightM !== undefined;
  return name !== 'rainMm' || !tidal;
}
